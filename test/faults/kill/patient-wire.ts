/** Requests of peers that do not give up: while the relay is down they wait, and then ask again. */
import { type Answer, type Call, type RestartableRelay, Wire } from '../../promises/wire.ts';

/** Thrown where there is nothing left to be seen. */
export class Over extends Error {}

export class PatientWire {
  readonly #wire: Wire;
  #up: Promise<void> = Promise.resolve();
  #rise = (): void => undefined;
  isOver = false;
  /** Requests that were answered, in all. */
  #answers = 0;
  #awaited: { answers: number; reached: () => void } | undefined;

  constructor(relay: RestartableRelay) {
    this.#wire = new Wire(relay);
  }

  /** Only while nobody else asks: a relay that does not answer now is a fault. */
  ask(call: Call): Promise<Answer> {
    return this.#wire.ask(call);
  }

  /** Undefined when the relay died meanwhile: whoever asked does not know what became of it. */
  async try(call: Call): Promise<Answer | undefined> {
    await this.#up;
    if (this.isOver) throw new Over();
    const answer = await this.#wire.ask(call).catch(() => undefined);
    if (!answer) return undefined;
    this.#answers += 1;
    if (this.#answers === this.#awaited?.answers) this.#awaited.reached();
    return answer;
  }

  /** For what may be repeated. */
  async insist(call: Call): Promise<Answer> {
    for (;;) {
      const answer = await this.try(call);
      if (answer) return answer;
    }
  }

  /** Resolves in the very turn in which the n-th answer from now arrives. */
  untilAnswers(count: number): Promise<void> {
    return new Promise((reached) => {
      this.#awaited = { answers: this.#answers + count, reached };
    });
  }

  /** `kill -9`; who is under way loses the answer, and who comes now waits. A new relay, and a look at it before anybody else has one. */
  async restart(look: () => Promise<void>): Promise<void> {
    this.#up = new Promise((resolve) => {
      this.#rise = resolve;
    });
    await this.#wire.restart();
    await look();
    this.#rise();
  }

  /** Nobody waits any more. */
  end(): void {
    this.isOver = true;
    this.#rise();
    this.#wire.close();
  }
}
