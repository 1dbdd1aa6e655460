/** Kills a relay under load with `kill -9`, again and again, and checks after each kill that all acknowledged data is there. */
import { withDeadline } from '../../harness/deadline.ts';
import { seed } from '../../harness/seed.ts';
import type { RestartableRelay } from '../../promises/wire.ts';
import { draw } from './intent.ts';
import { Load } from './load.ts';
import { PatientWire } from './patient-wire.ts';
import { Tally } from './tally.ts';

const crew = { sessions: 6, slots: 2 };

/** At most this many answers between two kills; the number is drawn, so that kills come early and late after a start. */
const mostAnswers = 900;

export type Run = { kills: number; tally: Tally; report: string };

/** `untilFault`: stops after the first fault, which is enough to detect a broken relay. */
export async function runKills(
  relay: RestartableRelay,
  kills: number,
  { untilFault = false } = {},
): Promise<Run> {
  const tally = new Tally();
  const wire = new PatientWire(relay);
  const load = new Load(wire, tally);
  const isBroken = (): boolean => Object.values(tally.count).some((count) => count > 0);
  let done = 0;
  try {
    load.start(crew);
    while (done < kills && !(untilFault && isBroken())) {
      done += 1;
      const answers = 1 + draw(mostAnswers, `answers before kill ${done}`);
      await withDeadline(wire.untilAnswers(answers), 60_000, `${answers} answers before kill ${done}`);
      // Wait a few turns: right after an answer, later writes of the relay have not started yet.
      for (let turn = draw(20, `turns before kill ${done}`); turn > 0; turn -= 1)
        await new Promise((resolve) => setImmediate(resolve));
      await wire.restart(() => load.check());
    }
    if (!isBroken()) await withDeadline(load.stop(), 60_000, 'all sessions finish');
    if (!isBroken()) await load.check();
  } finally {
    wire.end();
  }
  return { kills: done, tally, report: `${done} kills, seed ${seed}: ${tally.report()}` };
}
