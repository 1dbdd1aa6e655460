import { expect, test } from 'vitest';
import { openMemoryStore } from '../../src/store/memory-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { describeStore } from './contract.ts';
import { makeSession } from './store-kit.ts';

describeStore(openMemoryStore);

test('nothing of it outlives it', async () => {
  const store = await openMemoryStore();
  await store.create(makeSession());
  await store.close();
  expect(await (await openMemoryStore()).list()).toEqual([]);
});

test.each(['memory', 'memory:'])('%s is its URL', async (url) => {
  const store = await openStore(url, () => undefined);
  await store.create(makeSession());
  expect(await store.list()).toHaveLength(1);
});

test.each(['', 'file:', 'disk:/tmp', '/tmp', 'redis'])('%j is the URL of no store', async (url) => {
  await expect(openStore(url, () => undefined)).rejects.toThrow(`no such store: ${url}`);
});
