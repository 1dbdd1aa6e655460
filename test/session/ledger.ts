/** Records what was promised in one run, apart from the session, and throws on every contradiction. */
import assert from 'node:assert/strict';
import { isEnded } from '../../src/protocol/command-states.ts';
import { listenerGraceMs, listenerSilenceMs } from '../../src/protocol/limits.ts';
import type { Command } from '../../src/session/command.ts';
import type { Session } from '../../src/session/session.ts';

export type Verb =
  | 'time'
  | 'push'
  | 'pushToSlot'
  | 'cancel'
  | 'reset'
  | 'drop'
  | 'read'
  | 'look'
  | 'hear'
  | 'start'
  | 'decline'
  | 'finish'
  | 'leave'
  | 'detach'
  | 'poll'
  | 'take'
  | 'giveBack'
  | 'post';

/** An event of the session: a verb, and where there are any, its command and its listener. */
export interface Cause {
  verb: Verb;
  id?: string;
  by?: string;
}

/** Which verbs may take a command from one state to another. A change that is missing here must never happen. */
const causes: Readonly<Record<string, readonly Verb[]>> = {
  'queued > awaiting_approval': ['look'],
  'queued > running': ['look', 'start', 'take'],
  'queued > cancelled': ['cancel', 'drop', 'pushToSlot', 'reset'],
  'queued > declined': ['decline'],
  'queued > expired': ['time'],
  'awaiting_approval > queued': ['time', 'leave'],
  'awaiting_approval > running': ['start'],
  'awaiting_approval > cancelled': ['cancel', 'drop', 'reset'],
  'awaiting_approval > declined': ['decline'],
  'awaiting_approval > expired': ['time'],
  'running > finished': ['finish', 'post'],
  'running > timed_out': ['finish'],
  'running > lost': ['time', 'leave', 'look', 'poll', 'take', 'reset'],
  // Its bytes never left the relay.
  'running > queued': ['giveBack'],
  'running > cancelled': ['giveBack'],
  'lost > finished': ['finish'],
  'lost > timed_out': ['finish'],
};

/** A command may survive INT, and TERM for ten seconds. */
const strengths = { none: 0, INT: 1, TERM: 2, KILL: 3 };

export class Ledger {
  readonly executions = new Map<string, string>();
  /** Commands that must not start any more, and why. */
  readonly over = new Map<string, string>();
  readonly slotIds = new Set<string>();
  readonly resourceIds = new Set<string>();
  readonly expiries = new Map<string, number>();
  readonly byKey = new Map<string, { id: string; text: string; pushedAt: number }>();
  /** When the relay last accepted a request of each listener, and when it saw its socket close since. */
  readonly heard = new Map<string, number>();
  readonly closed = new Map<string, number>();
  readonly left = new Set<string>();
  reopenedAt = -Infinity;

  /** Whether the relay may treat the listener as disconnected now. */
  isDead(listenerId: string, now: number): boolean {
    const silent = now - (this.heard.get(listenerId) ?? -Infinity) >= listenerSilenceMs;
    const closed = now - (this.closed.get(listenerId) ?? Infinity) >= listenerGraceMs;
    return this.left.has(listenerId) || silent || closed;
  }

  /** Whether it must: requests from before a restart of the relay count from that restart. */
  isSurelyDead(listenerId: string, now: number): boolean {
    const patient = this.reopenedAt + Math.max(listenerSilenceMs, listenerGraceMs) <= now;
    return this.left.has(listenerId) || (patient && this.isDead(listenerId, now));
  }

  /** A listener starts to run the bytes of a command. */
  execute(id: string, by: string, session: Session): void {
    const command = session.commands.find((candidate) => candidate.id === id);
    assert.equal(this.executions.get(id), undefined, `${id} starts twice, the second time at ${by}`);
    assert.equal(this.over.get(id), undefined, `${id} runs although it ended before it started`);
    assert.equal(command?.state, 'running', `${id} runs, but not in the session of the relay`);
    assert.equal(command?.listenerId, by, `${id} runs at ${by}, but the relay has another listener for it`);
    const isNoticed = by === 'slot' || session.listener?.id === by;
    assert.ok(isNoticed, `${id} runs at ${by}, whose end the relay would not notice`);
    const expiry = this.expiries.get(id) ?? Infinity;
    assert.ok((command?.startedAt ?? Infinity) < expiry, `${id} was started after it expired`);
    this.executions.set(id, by);
  }

  observe(before: Session, after: Session, cause: Cause, now: number): void {
    const known = new Map(before.commands.map((command) => [command.id, command]));
    const kept = new Map(after.commands.map((command) => [command.id, command]));
    assert.equal(kept.size, after.commands.length, 'two commands share an id');
    for (const [id, command] of known) {
      const later = kept.get(id);
      if (later) this.#compare(command, later, cause, now);
      else assert.ok(isEnded(command.state), `${id} is forgotten while ${command.state}`);
    }
    for (const [id, command] of kept) {
      if (known.has(id)) continue;
      assert.ok(['push', 'pushToSlot', 'post'].includes(cause.verb), `${cause.verb} adds the command ${id}`);
      assert.ok(!this.slotIds.has(id) && !this.resourceIds.has(id), `${id} names two commands`);
      (command.origin === 'slot' ? this.slotIds : this.resourceIds).add(id);
    }
    this.#checkSlot(after);
  }

  #compare(before: Command, after: Command, cause: Cause, now: number): void {
    const { id } = before;
    const [requested, later] = [before, after].map(({ cancelSignal: signal }) => strengths[signal ?? 'none']);
    if (after.state === 'running')
      assert.ok(Number(later) >= Number(requested), `${id} no longer gets ${before.cancelSignal}`);
    if (before.state === after.state) return;
    const change = `${before.state} > ${after.state}`;
    assert.ok(causes[change]?.includes(cause.verb), `${cause.verb} turns ${id} from ${change}`);
    if (isEnded(after.state)) this.over.set(id, after.state);
    if (cause.id !== undefined) assert.equal(id, cause.id, `${cause.verb} of ${cause.id} ends ${id}`);
    if (cause.by !== undefined && cause.verb !== 'look') {
      assert.equal(after.listenerId ?? before.listenerId, cause.by, `${cause.by} acts on ${id}, not its own`);
    }
    if (cause.verb === 'time' && after.state !== 'expired') {
      const { listenerId } = before;
      assert.ok(listenerId !== null && this.isDead(listenerId, now), `${id} is taken from a live listener`);
    }
    if (after.state === 'expired')
      assert.ok(now >= (this.expiries.get(id) ?? Infinity), `${id} expires early`);
    if (cause.verb === 'pushToSlot' || cause.verb === 'drop') {
      assert.equal(before.origin, 'slot', `${cause.verb} ends ${id}, which did not come in through the slot`);
    }
    if (cause.verb === 'look' && change === 'running > lost') {
      const own = before.listenerId === cause.by || before.listenerId === 'slot';
      assert.ok(own, `a poll of ${cause.by} loses ${id}`);
    }
  }

  #checkSlot(session: Session): void {
    if (session.slotResult === null) return;
    const command = session.commands.find(({ id }) => id === session.slotResult);
    assert.ok(command, 'the slot shows the result of a command that is forgotten');
    assert.ok(
      this.slotIds.has(command.id),
      `the slot shows the result of ${command.id}, which is no slot command`,
    );
    assert.ok(isEnded(command.state), `the slot shows ${command.id} while it is ${command.state}`);
  }

  /** After the timer has fired, no timeout that is due is left. */
  checkOnTime(session: Session, now: number): void {
    for (const { id, state, listenerId } of session.commands) {
      const waits = state === 'queued' || state === 'awaiting_approval';
      assert.ok(!waits || now < (this.expiries.get(id) ?? Infinity), `${id} still waits after it expired`);
      const held = (state === 'running' || state === 'awaiting_approval') && listenerId !== 'slot';
      const dead = listenerId === null || this.isSurelyDead(listenerId, now);
      assert.ok(!held || !dead, `${id} is still ${state} at ${listenerId}, which is disconnected`);
    }
  }
}
