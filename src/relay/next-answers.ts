/** Answers with a command that are under way, one for each listener. */
import type { Exchange } from './exchange.ts';

export class NextAnswers {
  readonly #begun = new Map<string, Exchange>();

  /** Cuts the answer that this listener was getting until now: that it asked again shows that it does not read that one. */
  begin(name: string, listenerId: string, exchange: Exchange): void {
    const place = `${name} ${listenerId}`;
    if (exchange.isOver) return;
    this.#begun.get(place)?.response.destroy();
    this.#begun.set(place, exchange);
    exchange.onEnd(() => {
      if (this.#begun.get(place) === exchange) this.#begun.delete(place);
    });
  }
}
