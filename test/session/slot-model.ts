/** Models of a listener and a client that use only the slots: the listener runs commands, the client reads results. */
import assert from 'node:assert/strict';
import type { Fate, Request, SmallRelay } from './small-relay.ts';
import type { Outcome, Session } from '../../src/session/session.ts';
import { exitStatusOf } from './runner-model.ts';

/**
 * `held`: the relay has no command for it yet. `dead`: it disconnected before a byte of the command left the relay.
 * `dead unseen`: the same, and the relay notices later.
 */
export const pollers = ['alive', 'held', 'dead', 'dead unseen'] as const;
export type Poller = (typeof pollers)[number];

type Returning = (session: Session, id: string, now: number) => Outcome<void>;

export class SlotModel {
  readonly #relay: SmallRelay;
  #running: string | undefined;
  #isHeld = false;
  /** Commands taken for a poller that had disconnected, and not returned yet. */
  readonly #unsent: string[] = [];

  constructor(relay: SmallRelay) {
    this.#relay = relay;
  }

  #apply<T>(verb: Request<T>['cause']['verb'], transition: Request<T>['transition'], byRequest = true) {
    return this.#relay.apply({ cause: { verb, by: 'slot' }, transition, byRequest });
  }

  /** The next step of an undisturbed listener. */
  goOn(fate: Fate): void {
    if (this.#isHeld) this.#take('alive', fate !== 'arrives');
    else if (this.#running === undefined) this.poll('alive', fate !== 'arrives');
    else this.post(fate);
  }

  /** `GET /cmd`. A listener that polls runs no command: it restarted, or has given up on its result. */
  poll(poller: Poller, answerLost: boolean): void {
    this.#running = undefined;
    const { api, session } = this.#relay;
    this.#apply('poll', api.pollSlot);
    const { listener } = this.#relay.session;
    if (listener?.id !== session.listener?.id) this.#checkFree(session.listener, 'lets a poll in');
    this.#isHeld = poller === 'held';
    if (poller !== 'held') this.#take(poller, answerLost);
  }

  /** While a runner is connected, only the runner gets commands. */
  #checkFree(before: Session['listener'], what: string): void {
    const { ledger, now } = this.#relay;
    const isFree = before?.kind !== 'runner' || ledger.isDead(before.id, now);
    assert.ok(isFree, `the slot ${what} although ${before?.id} is connected`);
  }

  /** At once, or as soon as there is a command for a held poll. */
  #take(poller: Poller, answerLost: boolean): void {
    const { api, ledger, session } = this.#relay;
    const reply = this.#apply('take', api.takeFromSlot);
    if (!reply.ok || !reply.result) return;
    this.#isHeld = false;
    const { id } = reply.result;
    this.#checkFree(session.listener, `hands out ${id}`);
    if (poller === 'dead') this.#giveBack(id);
    else if (poller === 'dead unseen') this.#unsent.push(id);
    else if (!answerLost) {
      ledger.execute(id, 'slot', this.#relay.session);
      this.#running = id;
    }
  }

  #giveBack(id: string): void {
    const returnToSlot: Returning = this.#relay.api.returnToSlot;
    this.#apply('giveBack', (session, now) => returnToSlot(session, id, now), false);
  }

  /** The relay notices that earlier pollers had disconnected. */
  giveBackUnsent(): void {
    for (const id of this.#unsent.splice(0)) this.#giveBack(id);
  }

  /** `POST /result`. Never repeated: without an id, the relay could not tell a repeated result from a new one. */
  post(fate: Fate): void {
    const id = this.#running;
    this.#running = undefined;
    if (id === undefined || fate === 'request lost') return;
    const { api, ledger, output } = this.#relay;
    const wrapped = ledger.resourceIds.has(id) && exitStatusOf(id) !== 0;
    const text = `out of ${id}${wrapped ? `\n[remotify: exit status ${exitStatusOf(id)}]\n` : ''}`;
    const known = new Set([...ledger.slotIds, ...ledger.resourceIds]);
    const reply = this.#apply('post', (session, now) => api.postToSlot(session, Buffer.from(text), now));
    if (!reply.ok) return;
    const ended = reply.result;
    // If its command no longer runs, the output becomes a command of its own, never the output of another one.
    const stray = !known.has(ended.id);
    assert.ok(ended.id === id || stray, `the output of ${id} becomes that of ${ended.id}`);
    assert.equal(output.get(ended.id), stray ? text : `out of ${id}`, `the output of ${id} is not kept`);
    if (wrapped && !stray) assert.equal(ended.exitStatus, exitStatusOf(id), `${id} has another exit status`);
  }

  /** `GET /result`, read completely. */
  read(): void {
    const { api, ledger } = this.#relay;
    const claimed = this.#relay.apply({
      cause: { verb: 'read' },
      transition: (given, now) => api.claimResult(given, 'reader', now),
    });
    const command = claimed.ok ? claimed.result : undefined;
    if (!command) return;
    assert.ok(!ledger.resourceIds.has(command.id), `the slot hands out the result of ${command.id}`);
    this.#relay.apply({ cause: { verb: 'read' }, transition: (given) => api.takeResult(given, 'reader') });
    assert.equal(
      this.#relay.session.slotResult,
      null,
      `the result of ${command.id} was read and is still in the slot`,
    );
  }
}
