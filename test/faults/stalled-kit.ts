import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { openRaw, type RawConnection } from '../harness/raw-connection.ts';
import type { Relay } from '../harness/relay-process.ts';

export const mib = 1024 * 1024;

/** The largest command that the slot takes: 74 MiB of spaces around `true`, 75 KiB on the wire. */
export const largeScript = gzipSync(Buffer.concat([Buffer.from('true'), Buffer.alloc(74 * mib, ' ')]));

/** Peak and current memory of the relay, in MiB. Linux only. */
export async function readMemory({ pid }: Relay): Promise<{ peak: number; now: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { peak: Math.round(read('VmHWM')), now: Math.round(read('VmRSS')) };
}

/** Posts the large script as a command or a result; throws where the relay rejects it. */
export async function postLarge(relay: Relay, path: string): Promise<void> {
  const answer = await fetch(relay.url + path, {
    method: 'POST',
    headers: { 'content-encoding': 'gzip' },
    body: largeScript,
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`POST of 74 MiB: ${answer.status} ${text}`);
}

/** Sends a request, and stops reading once the first bytes of the answer have arrived, or the connection has closed. */
export async function stall(relay: Relay, path: string, headers: string[] = []): Promise<RawConnection> {
  const connection = await openRaw(relay, { stalls: true });
  onTestFinished(connection.destroy);
  connection.send([`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers].join('\r\n') + '\r\n\r\n');
  await eventually(`an answer to ${path.replaceAll(/[0-9a-f]{32}/g, 'KEY')}`, 20_000, () => {
    return connection.rest().byteLength > 0 || connection.isClosed();
  });
  return connection;
}
