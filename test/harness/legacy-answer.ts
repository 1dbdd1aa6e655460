import { STATUS_CODES } from 'node:http';

/** An answer of the legacy relay. */
export type LegacyAnswer = { status: number; type: string; body: Buffer; headers?: readonly string[] };

/** Renders the bytes that PHP-FPM behind nginx sends. It takes one request on a connection. */
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
