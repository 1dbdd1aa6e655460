import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { HttpSender } from '../../src/client/http.ts';
import { RelayClient } from '../../src/client/relay-client.ts';
import { RelayError } from '../../src/client/relay-error.ts';
import { type InputSource, sendInput } from '../../src/client/send-input.ts';
import { openHttp } from '../../src/client/undici-http.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';

const kib = 1024;
const mib = 1024 * kib;

function openZeros(size: number): InputSource {
  let left = size;
  return {
    get bytes() {
      return left;
    },
    take: (maxBytes) => {
      const bytes = new Uint8Array(Math.min(left, maxBytes));
      left -= bytes.byteLength;
      return Promise.resolve(bytes);
    },
    close: () => undefined,
  };
}

/**
 * A relay behind a link of `bytesPerSecond`. A request whose body takes longer than its timeout fails. The first `refusals` requests fail
 * at once.
 */
function openSlowLink(bytesPerSecond: number, refusals = 0) {
  const sizes: number[] = [];
  let failures = 0;
  let next = 0;
  const http: HttpSender = {
    baseUrl: 'http://relay',
    send: async ({ path, body = new Uint8Array(), timeoutMs }) => {
      const isRefused = failures < refusals;
      const needsMs = isRefused ? 0 : (body.byteLength / bytesPerSecond) * 1000;
      await new Promise((resolve) => {
        setTimeout(resolve, Math.min(needsMs, timeoutMs));
      });
      if (isRefused || needsMs > timeoutMs) {
        failures += 1;
        throw new RelayError('unreachable', 'no answer in time');
      }
      expect(new URLSearchParams(path.split('?')[1]).get('offset')).toBe(String(next));
      next += body.byteLength;
      if (body.byteLength > 0) sizes.push(body.byteLength);
      return { status: 200, headers: {}, body: new Uint8Array() };
    },
  };
  return { http, sizes, received: () => next, failures: () => failures };
}

describe('the size of a chunk', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  async function sendAll(link: ReturnType<typeof openSlowLink>, size: number): Promise<void> {
    vi.useFakeTimers();
    const sent = sendInput(new RelayClient(link.http), 'c1', openZeros(size), {});
    await Promise.all([sent, vi.runAllTimersAsync()]);
    expect(link.received()).toBe(size);
  }

  test.each([
    ['5 kB/s', 5_000, { failures: 4, largest: 64 * kib }],
    ['50 kB/s', 50_000, { failures: 1, largest: 512 * kib }],
    ['200 kB/s', 200_000, { failures: 0, largest: mib }],
    ['2 MB/s', 2_000_000, { failures: 0, largest: 4 * mib }],
  ])(
    'a link of %s: the input arrives, and after the first success no chunk is too large for the link',
    async (_words, rate, { failures, largest }) => {
      const link = openSlowLink(rate);
      await sendAll(link, 12 * mib + 1);
      expect(link.failures()).toBe(failures);
      expect(Math.max(...link.sizes)).toBe(largest);
    },
  );

  test('the first requests fail, then the relay is back: the chunks become large again', async () => {
    const link = openSlowLink(10_000_000, 8);
    await sendAll(link, 24 * mib);
    expect(link.sizes[0]).toBe(16 * kib);
    expect(Math.max(...link.sizes)).toBe(4 * mib);
  });
});

/** A TCP proxy that forwards `bytesPerSecond` to the relay on each connection. */
async function startSlowProxy(port: number, bytesPerSecond: number): Promise<string> {
  const sockets = new Set<Socket>();
  const tickMs = 20;
  const server = createServer((asker) => {
    const upstream = connect(port, '127.0.0.1');
    const timer = setInterval(() => {
      const part: unknown = asker.read(Math.min(asker.readableLength, (bytesPerSecond * tickMs) / 1000));
      if (Buffer.isBuffer(part)) upstream.write(part);
    }, tickMs);
    upstream.pipe(asker);
    for (const [socket, other] of [
      [asker, upstream],
      [upstream, asker],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        clearInterval(timer);
        sockets.delete(socket);
        other.destroy();
      });
    }
    // With a `readable` handler the socket is paused: only the timer reads.
    asker.on('readable', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a real relay behind a slow link: input that takes longer than the request timeout arrives', async () => {
  const relay = await forTest(startRelay());
  const { key } = await makeSession(relay);
  const http = openHttp(await startSlowProxy(relay.port, 400_000));
  onTestFinished(() => http.close());
  let failures = 0;
  // A timeout of 1 s for each request instead of 15 s.
  const hasty: HttpSender = {
    ...http,
    send: (request) => http.send({ ...request, timeoutMs: 1_000 }),
  };
  const client = new RelayClient(hasty, key);
  const { id } = await client.pushCommand(Buffer.from('cat'), { idempotencyKey: 'once', stdin: true });
  const size = 600 * kib;
  const sent = sendInput(client, id, openZeros(size), {
    onRetry: () => {
      failures += 1;
    },
  });
  await withDeadline(sent, 25_000, 'the relay has the input');
  expect(failures).toBeGreaterThan(0);
  expect((await client.readCommand(id)).stdin_bytes).toBe(size);
});
