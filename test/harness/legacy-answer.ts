import { STATUS_CODES } from 'node:http';

/** An answer of the legacy relay, before it is bytes. */
export type LegacyAnswer = { status: number; type: string; body: Buffer; headers?: readonly string[] };

/** As PHP-FPM behind nginx sends it. A connection takes one request. */
export function render({ status, type, body, headers = [] }: LegacyAnswer, version = '1.1'): Buffer {
  const length = status === 204 ? [] : [`Content-Length: ${body.length}`];
  const head = [
    `HTTP/${version} ${status} ${STATUS_CODES[status] ?? ''}`,
    'Server: nginx',
    'Cache-Control: no-store',
    `Content-Type: ${type}`,
    ...headers,
    ...length,
    'Connection: close',
  ];
  return Buffer.concat([
    Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'),
    status === 204 ? Buffer.alloc(0) : body,
  ]);
}
