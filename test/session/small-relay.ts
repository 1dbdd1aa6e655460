/** A relay without HTTP and disk: one session, a clock set by hand, and a ledger that looks on. */
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
  /** Farewells and closed sockets are no requests on the key. */
  byRequest?: boolean;
}

/** What becomes of a request and of its answer. */
export const fates = ['arrives', 'answer lost', 'request lost'] as const;
export type Fate = (typeof fates)[number];

const ttlMs = 10_800_000;

export class SmallRelay {
  readonly api: SessionModule;
  readonly ledger = new Ledger();
  readonly output = new Map<string, string>();
  /** Every request of a listener so far, to be repeated or delayed. */
  readonly sent: Request<unknown>[] = [];
  now = 1_700_000_000_000;
  session: Session;
  /** What a killed relay finds again: changes that were kept, not those that were quiet. */
  #kept: Session;
  #upSince = 0;
  /** The session was removed, since nothing kept it. */
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
    // One that comes after another is a new one, by whatever id.
    if (before !== by) ledger.left.delete(by);
    if (!byRequest) return;
    ledger.heard.set(by, now);
    ledger.closed.delete(by);
  }

  #keep({ session, put = [], quiet = false }: Outcome<unknown>): void {
    const changed = !isDeepStrictEqual(session.commands, this.session.commands);
    assert.ok(!(changed && quiet), 'a command changed in silence');
    assert.ok(!changed || session.revision > this.session.revision, 'a change that nobody who waits can see');
    assert.ok(put.length === 0 || !quiet, 'bytes of a quiet change are never stored');
    for (const { id, part, bytes } of put) {
      if (part === 'stdout') this.output.set(id, Buffer.from(bytes).toString());
    }
    this.session = session;
    if (!quiet) this.#kept = session;
  }

  /** From a listener, over a network that loses things. Undefined when no answer came. */
  send<T>(request: Request<T>, fate: Fate): Reply<T> | undefined {
    this.sent.push(request);
    if (fate === 'request lost') return undefined;
    const reply = this.apply(request);
    return fate === 'arrives' ? reply : undefined;
  }

  /** Something that was sent arrives late or once more; whoever sent it no longer listens. */
  repeat(index: number): void {
    const request = this.sent.at(-1 - index);
    if (request) this.apply(request);
  }

  #ring(): void {
    const same: Transition<void> = (session) => ({ session, result: undefined });
    this.apply({ cause: { verb: 'time' }, transition: same, byRequest: false });
  }

  /** Time passes. The clock rings whenever something is due, or it is late and the next event finds out. */
  pass(ms: number, rings: boolean): void {
    const end = this.now + ms;
    while (rings && !this.gone) {
      const due = this.api.nextDeadline(this.session, this.now, ttlMs);
      if (due > end) break;
      this.now = Math.max(due, this.now);
      this.#ring();
      if (this.gone) return;
      const next = this.api.nextDeadline(this.session, this.now, ttlMs);
      assert.ok(next > this.now, 'what was due is due again: the clock would ring without end');
    }
    this.now = Math.max(end, this.now);
    if (!rings || this.gone) return;
    this.#ring();
    if (!this.gone) this.ledger.checkOnTime(this.session, this.now);
  }

  /** Killed, it finds what was kept; ended in order, all of it. */
  restart(killed: boolean): void {
    const { ledger, now } = this;
    const { session } = this;
    const found = killed ? this.#kept : session;
    const read = JSON.parse(JSON.stringify(found)) as Session;
    assert.deepEqual(read, found, 'a session does not survive being stored');
    this.#upSince = now;
    this.session = this.api.reopenSession(read, now, now);
    assert.deepEqual(this.session.commands, session.commands, 'a restart forgets what became of commands');
    assert.equal(this.session.slotResult, session.slotResult, 'a restart forgets a result in the slot');
    ledger.reopenedAt = now;
    const { listener } = this.session;
    // One that fell silent before is not taken for alive again.
    if (listener && listener.seenAt === now) ledger.heard.set(listener.id, now);
  }
}
