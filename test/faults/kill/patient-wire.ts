/** Sends requests of peers that do not give up: while the relay is down they wait, then retry. */
import { type Answer, type Call, type RestartableRelay, Wire } from '../../promises/wire.ts';

/** Thrown to end a peer: the run is over, or its session has failed. */
export class Over extends Error {}

export class PatientWire {
  readonly #wire: Wire;
  #up: Promise<void> = Promise.resolve();
  #rise = (): void => undefined;
  isOver = false;
  /** Total number of answered requests. */
  #answers = 0;
  #awaited: { answers: number; reached: () => void } | undefined;

  constructor(relay: RestartableRelay) {
    this.#wire = new Wire(relay);
  }

  /** For checks, while all peers wait: here a relay that does not answer is a failure. */
  ask(call: Call): Promise<Answer> {
    return this.#wire.ask(call);
  }

  /** Undefined where the relay was killed during the request: the caller does not know whether it was executed. */
  async try(call: Call): Promise<Answer | undefined> {
    await this.#up;
    if (this.isOver) throw new Over();
    const answer = await this.#wire.ask(call).catch(() => undefined);
    if (!answer) return undefined;
    this.#answers += 1;
    if (this.#answers === this.#awaited?.answers) this.#awaited.reached();
    return answer;
  }

  /** For requests that may be repeated. */
  async insist(call: Call): Promise<Answer> {
    for (;;) {
      const answer = await this.try(call);
      if (answer) return answer;
    }
  }

  /** Resolves in the same turn of the event loop in which the n-th answer from now arrives. */
  untilAnswers(count: number): Promise<void> {
    return new Promise((reached) => {
      this.#awaited = { answers: this.#answers + count, reached };
    });
  }

  /** Kills the relay with `kill -9`, starts a new one, and calls `look` first. Open requests lose their answers; new ones wait. */
  async restart(look: () => Promise<void>): Promise<void> {
    this.#up = new Promise((resolve) => {
      this.#rise = resolve;
    });
    await this.#wire.restart();
    await look();
    this.#rise();
  }

  /** Ends all waiting peers. */
  end(): void {
    this.isOver = true;
    this.#rise();
    this.#wire.close();
  }
}
