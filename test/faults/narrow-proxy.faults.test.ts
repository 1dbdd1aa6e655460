import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { passOn } from '../harness/pass-on.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';
import { mib } from '../runner/spool-kit.ts';
import { forTest } from '../harness/for-test.ts';

// A proxy that accepts smaller request bodies than the relay.

/** Forwards requests, but answers 413 to bodies of more than `maxBytes`, as nginx does. `tooLarge` counts those. */
async function startNarrowProxy(port: number, maxBytes: number) {
  let tooLarge = 0;
  let largest = 0;
  const server = createServer((incoming, answer) => {
    const bytes = Number(incoming.headers['content-length'] ?? 0);
    if (bytes <= maxBytes) {
      largest = Math.max(largest, bytes);
      return passOn(incoming, answer, port);
    }
    tooLarge += 1;
    incoming.resume();
    answer.writeHead(413, { 'content-type': 'text/html' }).end('<html>413 Request Entity Too Large</html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  const { port: own } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}`, tooLarge: () => tooLarge, largest: () => largest };
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test.each([
  ['1 MiB', mib],
  ['100 KiB', 100 * 1024],
])(
  'a proxy that accepts bodies of %s: stdin and output arrive completely, and fewer than 20 requests get 413',
  { timeout: 120_000 },
  async (_words, most) => {
    const relay = await forTest(startRelay());
    const proxy = await startNarrowProxy(relay.port, most);
    const remote = await forTest(startRemote({ url: proxy.url }));
    const bytes = randomBytes(12 * mib);
    const { exitCode, stdout } = await remote.run(['exec', '-i', 'cat'], {
      stdin: bytes,
      deadlineMs: 60_000,
    });
    expect(exitCode).toBe(0);
    expect(digest(stdout)).toBe(digest(bytes));
    expect(proxy.largest()).toBeGreaterThan(most / 2);
    // Each halving of the chunk costs one rejected request, for stdin and for output.
    expect(proxy.tooLarge()).toBeGreaterThan(0);
    expect(proxy.tooLarge()).toBeLessThan(20);
  },
);
