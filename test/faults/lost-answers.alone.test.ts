import { expect, test } from 'vitest';
import { type FaultProxy, type FaultRules, type ProxiedRequest } from '../harness/fault-proxy.ts';
import { isLong } from '../harness/is-long.ts';
import { makeLedger, runClients, startBehindProxy, startRemoteFor } from './rig.ts';

const clients = isLong ? 8 : 3;

/** Each lost answer delays a peer by a second or two: `REMOTIFY_TEST_COMMANDS=100` takes a quarter of an hour. */
const commands = Number(process.env['REMOTIFY_TEST_COMMANDS'] ?? (isLong ? 6 : 4));

/** More in a row look like an unreachable relay, which a push reports as an error after two seconds. */
const mostInARow = 3;

/** Chooses the requests to hit: by the seed, at most `mostInARow` in a row of one peer. */
function makeLottery(share: number): (request: ProxiedRequest) => boolean {
  const inARow = new Map<string, number>();
  return ({ identity, draw }) => {
    const hit = draw < share && (inARow.get(identity) ?? 0) < mostInARow;
    inARow.set(identity, hit ? (inARow.get(identity) ?? 0) + 1 : 0);
    return hit;
  };
}

async function expectEachOnce(
  makeRules: () => FaultRules,
  wasDone: (counts: FaultProxy['counts']) => unknown,
) {
  const { proxy, url } = await startBehindProxy();
  const remote = await startRemoteFor({ url });
  const ledger = await makeLedger();
  proxy.setRules(makeRules());

  const all = (await runClients(remote, { clients, commands, ledger })).flat();

  proxy.setRules({});
  expect(all.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
  expect(all.map(({ text }) => text)).toEqual(all.map(({ word }) => `${word}\n`));
  expect((await ledger.lines()).toSorted()).toEqual(all.map(({ word }) => word).toSorted());
  expect(wasDone(proxy.counts)).toBeGreaterThan(0);
}

const timeout = 150_000 + clients * commands * 3_000;

test(
  'three of ten answers to clients and listener are lost: each command runs once, its output arrives completely',
  {
    timeout,
  },
  () =>
    expectEachOnce(
      () => {
        const isHit = makeLottery(0.3);
        return { onAnswer: (request) => (isHit(request) ? { fault: 'swallow' } : undefined) };
      },
      ({ swallow }) => swallow,
    ),
);

test(
  'three of ten requests arrive twice: each command runs once, its output arrives completely',
  { timeout },
  () =>
    expectEachOnce(
      () => {
        const isHit = makeLottery(0.3);
        return { onRequest: (request) => (isHit(request) ? { fault: 'duplicate' } : undefined) };
      },
      ({ duplicate }) => duplicate,
    ),
);

test('every request arrives twice: each command runs once, its output arrives completely', { timeout }, () =>
  expectEachOnce(
    () => ({ onRequest: () => ({ fault: 'duplicate' }) }),
    ({ duplicate }) => duplicate,
  ),
);

test(
  'three of ten requests are reset before they arrive: each command runs once, its output arrives completely',
  { timeout },
  () =>
    expectEachOnce(
      () => {
        const isHit = makeLottery(0.3);
        return { onRequest: (request) => (isHit(request) ? { fault: 'reset' } : undefined) };
      },
      ({ reset }) => reset,
    ),
);
