/** Responses that are sending a command to a listener, at most one for each listener. */
import type { Exchange } from './exchange.ts';

export class NextAnswers {
  readonly #begun = new Map<string, Exchange>();

  /** Cuts the response that this listener was getting before: its new request shows that it no longer reads that one. */
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
