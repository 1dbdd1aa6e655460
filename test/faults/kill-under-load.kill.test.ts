import { describe, expect, test } from 'vitest';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { buildMutant } from '../promises/build-mutant.ts';
import { relayMutants } from '../promises/relay-mutants.ts';
import { runKills } from './kill/run-kills.ts';

const kills = Number(process.env['REMOTIFY_TEST_KILLS'] ?? 30);

test(`${kills} times kill -9 of the relay under load: nothing acknowledged is lost, and no command runs twice`, {
  timeout: 120_000 + kills * 6_000,
}, async () => {
  const { tally, report } = await runKills(await startLastingRelay(), kills);
  console.log(report);
  expect(tally.faults).toEqual({ lost: new Set(), 'run twice': new Set(), wrong: new Set() });
  // Each kind of acknowledged request must occur often enough.
  for (const [kind, count] of Object.entries(tally.acknowledged))
    expect(count, kind).toBeGreaterThan(kills / 4);
});

const hasty = (relayMutants['store/local-store.ts'] ?? []).filter(({ name }) =>
  name.endsWith('acknowledged before it is saved'),
);

describe('a mutant relay that acknowledges before it writes', () => {
  test('there are mutants that acknowledge before they write', () => expect(hasty.length).toBeGreaterThan(0));

  test.each(hasty.map((mutant) => [mutant.name, mutant] as const))(
    'the kill test finds lost data in the mutant: %s',
    {
      timeout: 240_000,
    },
    async (_name, mutant) => {
      const relay = await startLastingRelay([], await buildMutant('store/local-store.ts', mutant));
      const { tally, report } = await runKills(relay, 30, { untilFault: true });
      console.log(`${mutant.name}: ${report}`);
      expect(tally.count.lost).toBeGreaterThan(0);
    },
  );
});
