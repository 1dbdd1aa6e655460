import { expect, test } from 'vitest';
import { followCommand } from '../../src/client/follow-command.ts';
import type { HttpSender } from '../../src/client/http.ts';
import { RelayClient } from '../../src/client/relay-client.ts';
import { header } from '../../src/protocol/headers.ts';
import { maxReadBytes } from '../../src/protocol/limits.ts';

/** A relay that returns the output of an ended command in parts of these sizes. `asked`: the offsets of the reads. */
function openOutput(sizes: readonly number[]) {
  const asked: number[] = [];
  const http: HttpSender = {
    baseUrl: 'http://relay',
    send: ({ path }) => {
      const bytes = sizes[asked.length] ?? 0;
      asked.push(Number(new URLSearchParams(path.split('?')[1]).get('stdout')));
      const headers = {
        [header.state]: 'finished',
        [header.exitStatus]: '0',
        [header.stdoutBytes]: String(bytes),
        [header.stderrBytes]: '0',
        [header.complete]: String(asked.length === sizes.length),
      };
      return Promise.resolve({ status: 200, headers, body: new Uint8Array(bytes).fill(asked.length) });
    },
  };
  return { client: new RelayClient(http, 'key'), asked };
}

/** Lets all pending promises settle. */
const rest = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });

/** A reader that finishes writing a part when the test calls `take`. */
function openSlowReader() {
  const written: number[] = [];
  const waiting: (() => void)[] = [];
  return {
    written,
    onStdout: (bytes: Uint8Array) => {
      written.push(bytes[0] ?? 0);
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    onStderr: () => Promise.resolve(),
    take: async () => {
      waiting.shift()?.();
      await rest();
    },
  };
}

test('full parts, a slow writer: reads one part ahead, and writes all in order before it resolves', async () => {
  const { client, asked } = openOutput([maxReadBytes, 4 * maxReadBytes, 4 * maxReadBytes, 5]);
  const reader = openSlowReader();
  let isOver = false;
  const end = followCommand(client, 'c1', { stdout: 0, stderr: 0 }, reader).finally(() => {
    isOver = true;
  });
  await rest();
  expect([reader.written, asked]).toEqual([[1], [0, maxReadBytes]]);
  await reader.take();
  expect([reader.written, asked]).toEqual([
    [1, 2],
    [0, maxReadBytes, 5 * maxReadBytes],
  ]);
  await reader.take();
  await reader.take();
  expect(reader.written).toEqual([1, 2, 3, 4]);
  expect(isOver).toBe(false);
  await reader.take();
  expect((await end).read.stdout).toBe(9 * maxReadBytes + 5);
});

test('a part that is not full: it is written before the next one is requested', async () => {
  const { client, asked } = openOutput([10, 10]);
  const reader = openSlowReader();
  const end = followCommand(client, 'c1', { stdout: 0, stderr: 0 }, reader);
  await rest();
  expect(asked).toEqual([0]);
  await reader.take();
  await reader.take();
  expect((await end).read.stdout).toBe(20);
});

test('a write fails while the next part is read: followCommand rejects with the error', async () => {
  const { client } = openOutput([maxReadBytes, 10]);
  const end = followCommand(
    client,
    'c1',
    { stdout: 0, stderr: 0 },
    { onStdout: () => Promise.reject(new Error('no room')), onStderr: () => Promise.resolve() },
  );
  await expect(end).rejects.toThrow('no room');
});

test('the signal aborts while the next part is read: that part is not delivered', async () => {
  const { client, asked } = openOutput([maxReadBytes, maxReadBytes, 10]);
  const leave = new AbortController();
  const written: number[] = [];
  const end = followCommand(
    client,
    'c1',
    { stdout: 0, stderr: 0 },
    {
      signal: leave.signal,
      onStdout: async (bytes) => {
        written.push(bytes[0] ?? 0);
        await rest();
        leave.abort(new Error('more than was announced'));
      },
      onStderr: () => Promise.resolve(),
    },
  );
  await expect(end).rejects.toThrow('more than was announced');
  expect([written, asked.length]).toEqual([[1], 2]);
});
