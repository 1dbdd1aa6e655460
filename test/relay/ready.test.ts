import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import { openMemoryStore } from '../../src/store/memory-store.ts';
import { type Answer, curl } from '../harness/curl.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { canMount, mountSmallDisk } from '../store/small-disk.ts';
import { refusalOf } from '../store/store-kit.ts';
import { forTest } from '../harness/for-test.ts';

// GET /api/ready: whether the relay accepts work now. The response during a shutdown is tested in drain.slow.test.ts.

async function setUp(store?: string) {
  const relay = await forTest(startRelay(store === undefined ? {} : { store }));
  const ask = (path: string, ...args: string[]): Promise<Answer> => curl([...args, relay.url + path]);
  return { relay, ask };
}

test.each([undefined, 'memory:'])('relay with a writable store: ready is 200: %s', async (store) => {
  const { ask } = await setUp(store);
  const answer = await ask('/api/ready');
  expect([answer.status, answer.json()]).toEqual([200, { ready: true }]);
  expect((await ask('/api/ready', '--head')).status).toBe(200);
  expect((await ask('/api/ready', '-X', 'POST')).status).toBe(405);
});

test('twenty requests for ready at once: all get 200, and no file is left in the store', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const store = join(folder.path, 'store');
  const { ask } = await setUp(`file:${store}`);
  const before = await readdir(store);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/api/ready')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await readdir(store)).toEqual(before);
});

test('folder of the store removed: check() throws storage_busy', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'store');
  const store = await openFileStore(path, { warn: () => undefined });
  onTestFinished(() => store.close());
  await store.check();
  await rm(path, { recursive: true });
  expect(await refusalOf(store.check())).toBe('storage_busy');
});

test('store in memory: check() does not fail', async () => {
  const store = await openMemoryStore();
  expect(await refusalOf(store.check())).toBeUndefined();
});

describe.skipIf(!canMount)('ready of a relay on its own disk', () => {
  const expectUnready = async (answer: Answer, code: string, health: Answer) => {
    expect([answer.status, answer.headers['remotify-error']]).toEqual([503, code]);
    expect(answer.text).toMatch(/^[^\n/]+\n$/);
    // Health is still 200, since the process answers.
    expect([health.status, health.json()]).toEqual([200, { ok: true, service: 'remotify.run' }]);
  };

  test('disk full: storage_full, until there is space again', async () => {
    const disk = await mountSmallDisk();
    const { ask } = await setUp(`file:${disk.path}/store`);
    const { key } = (await ask('/api/session', '-X', 'POST')).json<{ key: string }>();
    await disk.fill(0);
    await expectUnready(await ask('/api/ready'), 'storage_full', await ask('/api/health'));
    const pushed = await ask(`/cmd-${key}`, '-d', 'echo');
    expect([pushed.status, pushed.headers['remotify-error']]).toEqual([507, 'storage_full']);
    expect(await readdir(`${disk.path}/store`)).not.toContain('ready.check');
    await disk.free();
    expect((await ask('/api/ready')).status).toBe(200);
  });

  test('disk read-only: storage_busy, until it is writable again', async () => {
    const disk = await mountSmallDisk();
    const { ask } = await setUp(`file:${disk.path}/store`);
    await disk.setReadOnly();
    await expectUnready(await ask('/api/ready'), 'storage_busy', await ask('/api/health'));
    await disk.setWritable();
    expect((await ask('/api/ready')).status).toBe(200);
  });
});
