/** One session with a clock that the test sets, and one short method for each event. */
import assert from 'node:assert/strict';
import { Refusal, type RefusalCode } from '../../src/protocol/errors.ts';
import { defaultQueueSeconds, defaultTtlSeconds } from '../../src/protocol/limits.ts';
import { applyTransition, type Transition } from '../../src/session/apply-transition.ts';
import { appendOutput } from '../../src/session/append-bytes.ts';
import {
  cancelCommand,
  type Cancelled,
  type Cleared,
  resetSession,
} from '../../src/session/cancel-command.ts';
import type { Command } from '../../src/session/command.ts';
import type { ListenerIdentity } from '../../src/session/listener.ts';
import { pushCommand, pushToSlot } from '../../src/session/push-command.ts';
import * as listening from '../../src/session/serve-listener.ts';
import * as slots from '../../src/session/serve-slots.ts';
import { createSession, findCommand, type Outcome, type Session } from '../../src/session/session.ts';

export const startOfTime = 1_700_000_000_000;

export function supervised(id: string): ListenerIdentity {
  return { id, kind: 'runner', host: `${id}-host`, user: 'root', mode: 'supervised' };
}

export function auto(id: string): ListenerIdentity {
  return { ...supervised(id), mode: 'auto' };
}

/** The code of the refusal that it throws; undefined when it succeeds. Rethrows any other error. */
export function refusalOf(attempt: () => unknown): RefusalCode | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

/** Freezes the value and everything in it: in an ES module every write throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

export interface PushOptions {
  key?: string;
  queueSeconds?: number;
  merge?: boolean;
  stdin?: 'none' | 'open';
}

const anyFinish = { exitStatus: 0, signal: null, timedOut: false, rest: [], cut: null };

/** Applies each event twice to a frozen session, and fails if the same input has two outcomes. */
export class Scene {
  now = startOfTime;
  ttlMs = defaultTtlSeconds * 1000;
  /** Since when requests could reach the relay. */
  upSince = startOfTime;
  quotaBytes = Number.MAX_SAFE_INTEGER;
  session: Session = deepFreeze(createSession('name', startOfTime));
  /** The outcome of the last event, as the store would get it. */
  outcome: Outcome<unknown> = { session: this.session, result: undefined };

  apply<T>(transition: Transition<T>, byRequest = true): T {
    const { now, upSince, ttlMs, quotaBytes } = this;
    const moment = { now, upSince, ttlMs, quotaBytes, byRequest };
    const outcome = applyTransition(this.session, transition, moment);
    assert.deepEqual(applyTransition(this.session, transition, moment), outcome, 'not a pure function');
    this.session = deepFreeze(outcome.session);
    this.outcome = outcome;
    return outcome.result;
  }

  /** Time passes, and the timer of the relay fires at the end of it. */
  pass(ms: number): void {
    this.now += ms;
    this.apply((session) => ({ session, result: undefined }), false);
  }

  /** Time passes, and the next event comes before the timer fires. */
  skip(ms: number): void {
    this.now += ms;
  }

  command(id: string): Command {
    return findCommand(this.session, id);
  }

  /** `queued c1`, one for each command in the session. */
  states(): string[] {
    return this.session.commands.map(({ id, state }) => `${state} ${id}`);
  }

  #describe(script: string, { key, queueSeconds, merge = false, stdin = 'none' }: PushOptions) {
    return {
      scriptBytes: Buffer.byteLength(script),
      digest: `digest of ${script}`,
      idempotencyKey: key ?? null,
      pushedBy: null,
      merge,
      stdin,
      timeoutSeconds: 0,
      queueSeconds: queueSeconds ?? defaultQueueSeconds,
    };
  }

  push(script = 'echo', options: PushOptions = {}): Command {
    const given = { origin: 'commands' as const, ...this.#describe(script, options) };
    return this.apply((session, now) => pushCommand(session, given, Buffer.from(script), now));
  }

  pushToSlot(script = 'echo'): Command {
    const given = { origin: 'slot' as const, ...this.#describe(script, {}), queueSeconds: null };
    return this.apply((session, now) => pushToSlot(session, given, Buffer.from(script), now));
  }

  look(identity: ListenerIdentity, had?: string): Command | undefined {
    return this.apply((session, now) => listening.claimNext(session, identity, now, had));
  }

  start(id: string, { id: by }: ListenerIdentity): Command {
    return this.apply((session, now) => listening.startCommand(session, id, by, now));
  }

  hear(id: string, { id: by }: ListenerIdentity): Command {
    return this.apply((session, now) => listening.acknowledgeStart(session, id, by, now));
  }

  decline(id: string, { id: by }: ListenerIdentity, reason = ''): Command {
    return this.apply((session, now) => listening.declineCommand(session, id, by, reason, now));
  }

  finish(id: string, { id: by }: ListenerIdentity, finish: Partial<listening.Finish> = {}): Command {
    const how = { ...anyFinish, ...finish };
    return this.apply((session, now) => listening.finishCommand(session, id, by, how, now));
  }

  leave({ id }: ListenerIdentity): void {
    this.apply((session, now) => listening.leaveListener(session, id, now), false);
  }

  /** Its socket closed `agoMs` ago. */
  detach({ id }: { id: string }, agoMs = 0): void {
    this.apply((session, now) => listening.detachListener(session, id, now - agoMs), false);
  }

  /** Sends output of a running command; returns the next offset. */
  write(
    id: string,
    { id: by }: { id: string },
    text: string,
    offset = 0,
    flow: 'stdout' | 'stderr' = 'stdout',
  ) {
    const chunk = { flow, offset, bytes: Buffer.from(text) };
    return this.apply((session, now) => appendOutput(session, id, by, chunk, now));
  }

  cancel(id: string, signal: 'INT' | 'TERM' | 'KILL' | null = 'TERM'): Cancelled {
    return this.apply((session, now) => cancelCommand(session, id, signal, now));
  }

  reset(): Cleared {
    return this.apply(resetSession);
  }

  /** `GET /cmd`: the poll, then the pickup. */
  take(): Command | undefined {
    this.apply(slots.pollSlot);
    return this.apply(slots.takeFromSlot);
  }

  giveBack(id: string): void {
    const returnToSlot: (session: Session, id: string, now: number) => Outcome<void> = slots.returnToSlot;
    this.apply((session, now) => returnToSlot(session, id, now), false);
  }

  drop(): void {
    this.apply(slots.dropFromSlot);
  }

  post(output: string): Command {
    return this.apply((session, now) => slots.postToSlot(session, Buffer.from(output), now));
  }

  /** `GET /result`: takes the result out of the slot and returns its command. */
  read(): Command | undefined {
    const command = this.apply((session, now) => slots.claimResult(session, 'reader', now));
    if (command) this.apply((session) => slots.takeResult(session, 'reader'));
    return command;
  }
}
