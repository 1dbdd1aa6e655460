/** Sends requests to relays that may be down, and retries after a 503 as after a lost answer, without giving up. */
import { setTimeout as pause } from 'node:timers/promises';
import { PatientWire } from '../../faults/kill/patient-wire.ts';
import type { Answer, Call } from '../../promises/wire.ts';

const betweenTriesMs = 50;

export class SplitWire extends PatientWire {
  /** Number of retries, by reason. */
  readonly retries = { busy: 0, cut: 0 };

  constructor({ port }: { port: number }) {
    const never = (): Promise<void> => Promise.reject(new Error('only the fleet restarts relays'));
    super({ port, kill: never, start: never });
  }

  override async try(call: Call): Promise<Answer | undefined> {
    const answer = await super.try(call);
    if (answer && answer.status !== 503) return answer;
    this.retries[answer ? 'busy' : 'cut'] += 1;
    await pause(betweenTriesMs);
    return undefined;
  }
}
