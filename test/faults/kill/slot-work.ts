/** A client and a listener that use the two slots, as with curl alone. Slot requests have no key, so they are not retried. */
import { draw, Intent } from './intent.ts';
import type { LoadedSession } from './loaded-session.ts';
import type { Answer } from '../../promises/wire.ts';

export class SlotWork {
  readonly #session: LoadedSession;
  /** The unread content of a slot that the relay has acknowledged. */
  #due: { slot: 'cmd' | 'result'; of: string } | undefined;

  constructor(session: LoadedSession) {
    this.#session = session;
  }

  #call(method: string, slot: 'cmd' | 'result', body = '') {
    const path = `/${slot}-${this.#session.key}${method === 'GET' ? '?nowait=1' : ''}`;
    return { method, path, key: '', body };
  }

  async #put(slot: 'cmd' | 'result', bytes: string, of: string): Promise<boolean> {
    // A push replaces unread content, even where its answer is lost.
    this.#due = undefined;
    const answer = await this.#session.wire.try(this.#call('POST', slot, bytes));
    if (!answer) return false;
    if (answer.status !== 201) this.#session.giveUp(`a ${slot} of ${of}`, answer);
    this.#due = { slot, of };
    this.#session.tally.acknowledge(slot === 'cmd' ? 'pushes' : 'results');
    return true;
  }

  async #take(slot: 'cmd' | 'result', expected: string, of: string): Promise<boolean> {
    this.#due = undefined;
    const answer = await this.#session.wire.try(this.#call('GET', slot));
    if (!answer) return false;
    const { tally } = this.#session;
    if (answer.status !== 200) this.#session.giveUp(`the ${slot} of ${of}`, answer);
    return tally.expect(answer.text === expected, 'wrong', `the content of the ${slot} slot for ${of}`);
  }

  async serve(name: string, goesOn: () => boolean): Promise<void> {
    for (let nth = 1; goesOn(); nth += 1) {
      const { word, script, output } = new Intent(`${name}-${nth}`);
      const isTaken = (await this.#put('cmd', script, word)) && (await this.#take('cmd', script, word));
      if (!isTaken) continue;
      const isKept = await this.#put('result', output.stdout, word);
      if (isKept && draw(4, `unread ${word}`) > 0) await this.#take('result', output.stdout, word);
    }
    this.#due = undefined;
  }

  /** Checks that the relay still has the content, without taking it. */
  async check(ask: (path: string) => Promise<Answer>): Promise<void> {
    const due = this.#due;
    if (!due) return;
    const { text, status } = await ask('/api/session/self/status');
    const holds =
      status === 200 && (JSON.parse(text) as Record<string, unknown>)[`${due.slot}_queued`] === true;
    this.#session.tally.expect(holds, 'lost', `the ${due.slot} of ${due.of}`);
  }
}
