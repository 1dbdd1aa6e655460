/** Requests of peers that do not give up, to relays that are not always there: a 503 is asked again, as a lost answer is. */
import { setTimeout as pause } from 'node:timers/promises';
import { PatientWire } from '../../faults/kill/patient-wire.ts';
import type { Answer, Call } from '../../promises/wire.ts';

const betweenTriesMs = 50;

export class SplitWire extends PatientWire {
  /** Requests that were asked again, by why. */
  readonly retries = { busy: 0, cut: 0 };

  constructor({ port }: { port: number }) {
    const never = (): Promise<void> => Promise.reject(new Error('relays are restarted by the fleet'));
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
