import { expect, test } from 'vitest';
import { openMemoryStore } from '../../src/store/memory-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { describeStore } from './contract.ts';
import { dueAtReader, setDue } from './contract-due.ts';
import { eventually } from '../harness/deadline.ts';
import { makeSession } from './store-kit.ts';

describeStore(openMemoryStore);

const options = { warn: () => undefined };

test('a new memory store after an earlier one was closed: it is empty', async () => {
  const store = await openMemoryStore();
  await store.create(makeSession());
  await store.close();
  expect(await (await openMemoryStore()).count()).toBe(0);
});

test.each(['memory', 'memory:'])('the URL %s opens a memory store, with deadlines', async (url) => {
  const store = await openStore(url, { ...options, dueAt: dueAtReader });
  await store.create(makeSession());
  expect(await store.count()).toBe(1);
  let rings = 0;
  store.onDue(async (name) => {
    rings += 1;
    await store.update(name, setDue(null));
  });
  await store.update(makeSession().name, setDue(1));
  await eventually('the ring', 10_000, () => rings > 0);
});

test.each(['', 'file:', 'disk:/tmp', '/tmp', 'redis'])('the URL %j: error `no such store`', async (url) => {
  await expect(openStore(url, options)).rejects.toThrow(`no such store: ${url}`);
});
