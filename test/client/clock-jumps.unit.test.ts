import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { HttpSender } from '../../src/client/http.ts';
import { withRetry } from '../../src/client/retry.ts';
import { RelayClient } from '../../src/client/relay-client.ts';
import { RelayError } from '../../src/client/relay-error.ts';
import { stopCommand } from '../../src/client/stop-command.ts';
import { renderJson } from '../../src/protocol/json-fields.ts';

// A change of the system clock while a client waits does not change how long the client waits.

const hourMs = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Sets the wall clock only: timers and the monotonic clock are not affected. */
function setWallClock(byMs: number): void {
  vi.setSystemTime(Date.now() + byMs);
}

test.each([
  ['ahead', hourMs],
  ['back', -hourMs],
])(
  'withRetry, the clock is set an hour %s during a retry: retries still end after a minute',
  async (_way, byMs) => {
    let attempts = 0;
    const began = performance.now();
    const failed = withRetry(() => {
      attempts += 1;
      if (attempts === 2) setWallClock(byMs);
      return Promise.reject(new RelayError('unreachable', 'connection refused'));
    }, {});
    await Promise.all([expect(failed).rejects.toThrow('connection refused'), vi.runAllTimersAsync()]);
    const passedMs = performance.now() - began;
    expect([passedMs > 60_000, passedMs < 70_000]).toEqual([true, true]);
  },
);

test.each([
  ['ahead', hourMs],
  ['back', -hourMs],
])(
  'stopCommand, the clock is set an hour %s during the wait: the result is still "unconfirmed" after 15 s',
  async (_way, byMs) => {
    const command = { id: 'c1', state: 'running' };
    const waits: number[] = [];
    const began = performance.now();
    const http: HttpSender = {
      baseUrl: 'http://relay',
      send: async ({ method, path }) => {
        if (method === 'GET' && waits.length === 0) setWallClock(byMs);
        const seconds = Number(new URLSearchParams(path.split('?')[1]).get('wait') ?? 0);
        if (method === 'GET') waits.push(seconds);
        // The first poll returns early: the client must wait for the rest of the time.
        await new Promise((resolve) => {
          setTimeout(resolve, waits.length === 1 ? 1_000 : seconds * 1_000);
        });
        const answer = method === 'DELETE' ? { outcome: 'signalled', command } : command;
        return { status: 200, headers: {}, body: Buffer.from(renderJson(answer)) };
      },
    };
    const stopped = stopCommand(new RelayClient(http), 'c1', 'TERM');
    await Promise.all([stopped, vi.runAllTimersAsync()]);
    expect((await stopped).outcome).toBe('unconfirmed');
    expect(waits[0]).toBe(15);
    const passedMs = performance.now() - began;
    expect([passedMs >= 15_000, passedMs < 20_000]).toEqual([true, true]);
  },
);
