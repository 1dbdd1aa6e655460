import { expect, test } from 'vitest';
import { isLong } from '../harness/is-long.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeLedger, runClients, startRemoteFor } from './rig.ts';
import { forTest } from '../harness/for-test.ts';

const clients = 8;
const commands = isLong ? 100 : 12;

test(`${clients} clients with ${commands} commands each on one session: each client reads its own output, and each command runs once`, {
  timeout: isLong ? 1_500_000 : 180_000,
}, async () => {
  const relay = await forTest(startRelay());
  const remote = await startRemoteFor(relay);
  const ledger = await makeLedger();

  const turns = await runClients(remote, { clients, commands, ledger });

  const all = turns.flat();
  expect(all.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
  expect(all.map(({ text }) => text)).toEqual(all.map(({ word }) => `${word}\n`));
  const ran = await ledger.lines();
  expect(ran.toSorted()).toEqual(all.map(({ word }) => word).toSorted());
  for (const own of turns) {
    const words = own.map(({ word }) => word);
    expect(ran.filter((line) => words.includes(line))).toEqual(words);
  }
});
