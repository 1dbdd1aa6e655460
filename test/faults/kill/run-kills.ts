/** `kill -9` of a relay under load, again and again, and after each one a look at what is left of its promises. */
import { withDeadline } from '../../harness/deadline.ts';
import { seed } from '../../harness/seed.ts';
import type { RestartableRelay } from '../../promises/wire.ts';
import { draw } from './intent.ts';
import { Load } from './load.ts';
import { PatientWire } from './patient-wire.ts';
import { Tally } from './tally.ts';

const crew = { sessions: 6, slots: 2 };

/** Between two kills: from a relay that has hardly begun to one that is well under way. */
const mostAnswers = 900;

export type Run = { kills: number; tally: Tally; report: string };

/** `untilFault`: one that is broken has shown it with the first fault, and what comes after it is not worth waiting for. */
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
      // An answer has just been given: what was written after it is not there yet.
      for (let turn = draw(20, `turns before kill ${done}`); turn > 0; turn -= 1)
        await new Promise((resolve) => setImmediate(resolve));
      await wire.restart(() => load.check());
    }
    if (!isBroken()) await withDeadline(load.stop(), 60_000, 'everybody comes to an end');
    if (!isBroken()) await load.check();
  } finally {
    wire.end();
  }
  return { kills: done, tally, report: `${done} kills, seed ${seed}: ${tally.report()}` };
}
