import fc from 'fast-check';
import { rm } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import type { Session } from '../../src/session/session.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import { openMemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';
import { copyAsKilled, makeFolder } from './folder-kit.ts';
import { drawHardships, hardenStore } from './hard-store.ts';
import { expectAccount, expectAllOf, readSessions, runClients } from './interleaving-checks.ts';
import { names, step } from './interleaving-kit.ts';
import { count } from './store-kit.ts';

const options = { warn: (line: string): void => expect.fail(line) };

const totals = new Map<string, number>();

/** Shrinking a failing case may take longer than the timeout of the test. */
const patience = { interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true };

const clientSteps = fc.array(step, { minLength: 5, maxLength: 40 });
const given = [clientSteps, clientSteps, fc.nat()] as const;

afterAll(() => expectAllOf(totals, 5));

test('two clients of a memory store with lost answers: all acknowledged bytes are stored and counted', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(...given, async (first, second, draw) => {
      const store = await openMemoryStore();
      const hard = hardenStore(store, drawHardships(createRandom(draw), 5, 3));
      await runClients(store, hard, [first, second], totals);
      await store.close();
    }),
    { seed, numRuns: 150, ...patience },
  );
});

test('two clients of a file store with lost answers, then a kill: all acknowledged bytes are stored and counted', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(...given, async (first, second, draw) => {
      const folder = await makeFolder();
      const store = await openFileStore(folder, options);
      const hard = hardenStore(store, drawHardships(createRandom(draw), 5, 3));
      await runClients(store, hard, [first, second], totals);
      // Quiet changes are written with the next loud one.
      for (const name of names) if (await store.has(name)) await store.update(name, count);
      const copy = await copyAsKilled(folder);
      const again = await openFileStore(copy, options);
      const sessions = await readSessions(store);
      expect(await readSessions(again)).toEqual(sessions);
      for (const session of sessions) await expectBytesAlike(store, again, session);
      await expectAccount(again, sessions);
      await again.close();
      await store.close();
      for (const path of [copy, folder]) await rm(path, { recursive: true });
    }),
    { seed, numRuns: 40, ...patience },
  );
});

/** Both stores have the same bytes. */
async function expectBytesAlike(store: Store, again: Store, { name, commands }: Session): Promise<void> {
  for (const { id } of commands)
    for (const part of ['script', 'stdin', 'stdout', 'stderr'] as const)
      expect(await again.readBytes(name, id, part, 0, 9_999)).toEqual(
        await store.readBytes(name, id, part, 0, 9_999),
      );
}
