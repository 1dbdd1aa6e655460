/** Runs load on a fleet of relays during failures, then reports what was acknowledged and what of it was broken. */
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, withDeadline } from '../../harness/deadline.ts';
import { Load } from '../../faults/kill/load.ts';
import { Tally } from '../../faults/kill/tally.ts';
import { FileWork } from './file-work.ts';
import type { Fleet } from './fleet.ts';
import { SplitWire } from './split-wire.ts';

/** A failure that repeats every `everyMs` until the load is done. */
export type Trouble = { everyMs: number; happen: () => Promise<void> };

export type ChaosOptions = {
  fleet: Fleet;
  troubles: readonly Trouble[];
  /** How many commands must be acknowledged in total. */
  commands: number;
  /** The load continues until each failure has happened this often, even on a fast machine. Default: 2. */
  leastTroubles?: number;
  /** How many sessions have real listeners; the others have actors. */
  realListeners?: number;
  /** Stop at the first fault: it is enough to detect a mutant. */
  untilFault?: boolean;
};

export type ChaosReport = { tally: Tally; commands: number; text: string };

const crew = { sessions: 4, slots: 2 };
const workMs = 240_000;

async function repeat(
  { everyMs, happen }: Trouble,
  isOver: () => boolean,
  onHappened: () => void,
): Promise<void> {
  for (;;) {
    await pause(everyMs);
    if (isOver()) return;
    await happen();
    onHappened();
  }
}

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { fleet, troubles, commands, leastTroubles = 2, realListeners = 2, untilFault = false } = options;
  const tally = new Tally();
  const wire = new SplitWire(fleet.splitter);
  const load = new Load(wire, tally);
  const files = await Promise.all(
    Array.from({ length: realListeners }, (_, nth) => FileWork.open(wire, `file-${nth}`)),
  );
  let isOver = false;
  let isCalm = false;
  const goesOn = (): boolean => !isOver;
  const isBroken = (): boolean => untilFault && Object.values(tally.count).some((count) => count > 0);
  const count = (): number =>
    tally.acknowledged.pushes + files.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  const faults: unknown[] = [];
  const watched = <T>(work: Promise<T>): Promise<T> => {
    work.catch((error: unknown) => void faults.push(error));
    return work;
  };
  const failed = (): boolean => faults.length > 0;
  load.start(crew);
  const clients = files.flatMap((file) => [
    watched(file.push('one', goesOn)),
    watched(file.push('two', goesOn)),
    watched(file.exec(fleet.splitter, goesOn)),
  ]);
  const times = troubles.map(() => 0);
  const happenings = troubles.map((trouble, nth) =>
    watched(
      repeat(
        trouble,
        () => isCalm,
        () => void (times[nth] = (times[nth] ?? 0) + 1),
      ),
    ),
  );
  const isDone = (): boolean => count() >= commands && times.every((happened) => happened >= leastTroubles);
  try {
    await eventually(
      `${commands} commands are acknowledged`,
      workMs,
      () => isDone() || isBroken() || failed(),
    );
    isOver = true;
    if (!isBroken() && !failed()) await withDeadline(load.stop(), 90_000, 'the load finishes');
    isCalm = true;
    await withDeadline(Promise.all(happenings), 90_000, 'the failures finish');
    await withDeadline(Promise.all(clients), 90_000, 'the clients of real listeners finish');
    if (!isBroken()) await load.check();
    if (!untilFault) for (const file of files) await file.check();
  } finally {
    isOver = true;
    isCalm = true;
    wire.end();
  }
  const { busy, cut } = wire.retries;
  const text = `${count()} commands (${files.map(({ acknowledged }) => acknowledged.length).join(' + ')} by real listeners); ${tally.report()}; failures: ${times.join(', ')}; retries: ${busy} after 503, ${cut} after no answer`;
  return { tally, commands: count(), text };
}
