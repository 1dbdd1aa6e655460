/** Answers with a command that are under way, one for each listener. */
import type { ServerResponse } from 'node:http';

export class NextAnswers {
  readonly #begun = new Map<string, ServerResponse>();

  /** Cuts the answer that this listener was getting until now: that it asked again shows that it does not read that one. */
  begin(name: string, listenerId: string, response: ServerResponse): void {
    const place = `${name} ${listenerId}`;
    if (response.closed) return;
    this.#begun.get(place)?.destroy();
    this.#begun.set(place, response);
    response.once('close', () => {
      if (this.#begun.get(place) === response) this.#begun.delete(place);
    });
  }
}
