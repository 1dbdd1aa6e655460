/** A relay without HTTP and disk: one session, a clock that the test sets, and a ledger that checks every change. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { Refusal, type RefusalCode } from '../../src/protocol/errors.ts';
import type { Transition } from '../../src/session/apply-transition.ts';
import type { Command } from '../../src/session/command.ts';
import type { Outcome, Session } from '../../src/session/session.ts';
import { type Cause, Ledger } from './ledger.ts';
import type { SessionModule } from './session-module.ts';

export type Reply<T> = { ok: true; result: T } | { ok: false; code: RefusalCode };

/** A request that can be sent, lost, and sent again. */
export interface Request<T> {
  cause: Cause;
  transition: Transition<T>;
  /** False for leave requests and closed sockets, which are no requests on the key. */
  byRequest?: boolean;
}

/** Whether a request and its answer arrive. */
export const fates = ['arrives', 'answer lost', 'request lost'] as const;
export type Fate = (typeof fates)[number];

const ttlMs = 10_800_000;

export class SmallRelay {
  readonly api: SessionModule;
  readonly ledger = new Ledger();
  readonly output = new Map<string, string>();
  /** Every request of a listener so far, to repeat later. */
  readonly sent: Request<unknown>[] = [];
  now = 1_700_000_000_000;
  session: Session;
  /** What a killed relay finds after a restart: the saved changes, not the quiet ones. */
  #kept: Session;
  #upSince = 0;
  /** The session has expired. */
  gone = false;

  constructor(api: SessionModule) {
    this.api = api;
    this.session = api.createSession('name', this.now);
    this.#kept = this.session;
  }

  find(id: string): Command | undefined {
    return this.session.commands.find((command) => command.id === id);
  }

  apply<T>({ cause, transition, byRequest = true }: Request<T>): Reply<T> {
    const { api, now, ledger } = this;
    const moment = { now, upSince: this.#upSince, ttlMs, byRequest, quotaBytes: 1e9 };
    const before = this.session.listener?.id;
    let outcome: Outcome<T>;
    try {
      outcome = api.applyTransition(this.session, transition, moment);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'gone') this.gone = true;
      return { ok: false, code: error.code };
    }
    const onTime = api.advance(this.session, now);
    ledger.observe(this.session, onTime, { verb: 'time' }, now);
    ledger.observe(onTime, outcome.session, cause, now);
    this.#keep(outcome);
    this.#listen(cause, before, byRequest);
    return { ok: true, result: outcome.result };
  }

  /** What the relay can know of the listener that serves the session. */
  #listen({ verb, by }: Cause, before: string | undefined, byRequest: boolean): void {
    const { ledger, now } = this;
    if (by === undefined || this.session.listener?.id !== by) return;
    if (verb === 'leave') ledger.left.add(by);
    // A listener that attaches after another one is new, even with a known id.
    if (before !== by) ledger.left.delete(by);
    if (!byRequest) return;
    ledger.heard.set(by, now);
    ledger.closed.delete(by);
  }

  #keep({ session, put = [], quiet = false }: Outcome<unknown>): void {
    const changed = !isDeepStrictEqual(session.commands, this.session.commands);
    assert.ok(!(changed && quiet), 'a command changed in a quiet change');
    assert.ok(!changed || session.revision > this.session.revision, 'a change that wakes no waiting client');
    assert.ok(put.length === 0 || !quiet, 'bytes of a quiet change are never stored');
    for (const { id, part, bytes } of put) {
      if (part === 'stdout') this.output.set(id, Buffer.from(bytes).toString());
    }
    this.session = session;
    if (!quiet) this.#kept = session;
  }

  /** A request of a listener over a network that can lose it or its answer. Undefined when no answer came. */
  send<T>(request: Request<T>, fate: Fate): Reply<T> | undefined {
    this.sent.push(request);
    if (fate === 'request lost') return undefined;
    const reply = this.apply(request);
    return fate === 'arrives' ? reply : undefined;
  }

  /** An earlier request arrives late or again; its sender no longer waits for the answer. */
  repeat(index: number): void {
    const request = this.sent.at(-1 - index);
    if (request) this.apply(request);
  }

  #ring(): void {
    const same: Transition<void> = (session) => ({ session, result: undefined });
    this.apply({ cause: { verb: 'time' }, transition: same, byRequest: false });
  }

  /** Time passes. The timer fires whenever a timeout is due; or it is late, and the next event notices. */
  pass(ms: number, rings: boolean): void {
    const end = this.now + ms;
    while (rings && !this.gone) {
      const due = this.api.nextDeadline(this.session, this.now, ttlMs);
      if (due > end) break;
      this.now = Math.max(due, this.now);
      this.#ring();
      if (this.gone) return;
      const next = this.api.nextDeadline(this.session, this.now, ttlMs);
      assert.ok(next > this.now, 'a timeout is due again at once: the timer would fire without end');
    }
    this.now = Math.max(end, this.now);
    if (!rings || this.gone) return;
    this.#ring();
    if (!this.gone) this.ledger.checkOnTime(this.session, this.now);
  }

  /** After a kill the relay finds the saved changes; after an orderly shutdown all of them. */
  restart(killed: boolean): void {
    const { ledger, now } = this;
    const { session } = this;
    const found = killed ? this.#kept : session;
    const read = JSON.parse(JSON.stringify(found)) as Session;
    assert.deepEqual(read, found, 'a session changes when it is stored and read');
    this.#upSince = now;
    this.session = this.api.reopenSession(read, now, now);
    assert.deepEqual(this.session.commands, session.commands, 'a restart forgets a change of a command');
    assert.equal(this.session.slotResult, session.slotResult, 'a restart forgets a result in the slot');
    ledger.reopenedAt = now;
    const { listener } = this.session;
    // A listener that was silent before does not count as connected again.
    if (listener && listener.seenAt === now) ledger.heard.set(listener.id, now);
  }
}
