/** Clients that do random steps on two sessions of one store, and remember the acknowledged data. */
import fc from 'fast-check';
import { Refusal } from '../../src/protocol/errors.ts';
import { appendOutput } from '../../src/session/append-bytes.ts';
import { applyTransition, type Transition } from '../../src/session/apply-transition.ts';
import { cancelCommand } from '../../src/session/cancel-command.ts';
import type { Command } from '../../src/session/command.ts';
import { pushCommand } from '../../src/session/push-command.ts';
import { evict, listEvictable } from '../../src/session/quota.ts';
import { finishCommand, claimNext } from '../../src/session/serve-listener.ts';
import { createSession, type Session, type Stream } from '../../src/session/session.ts';
import type { Committed, Store } from '../../src/store/store.ts';
import { nameOf } from './store-kit.ts';

export const address = '192.0.2.7';
export const names = [nameOf('a'), nameOf('b')] as const;
export const limits = { sessions: 2, bytes: 300 };

const moment = { ttlMs: 3_600_000, byRequest: true, quotaBytes: 200 };
const listener = { id: 'one', kind: 'runner', host: 'vm', user: 'root', mode: 'auto' } as const;

const target = { which: fc.nat(1), command: fc.nat(9) };

export const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('push' as const), ...target, bytes: fc.nat(200) }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('claim' as const), ...target }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('append' as const),
      ...target,
      flow: fc.constantFrom('stdout' as const, 'stderr' as const),
      back: fc.nat(20),
      bytes: fc.nat(300),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('finish' as const), ...target, bytes: fc.nat(100) }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('cancel' as const), ...target }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('evict' as const), ...target }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('renew' as const), ...target }) },
);

export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The bytes of a part: different for each key, part and offset. */
export function patternOf(key: string, part: string, from: number, to: number): Buffer {
  const salt = Buffer.from(`${key}/${part}`).reduce((sum, byte) => (sum * 31 + byte) % 65_521, 7);
  return Buffer.from(
    Array.from({ length: Math.max(0, to - from) }, (_, index) => (salt + (from + index) * 7) % 251),
  );
}

export interface Acknowledged {
  /** When its session was created. It identifies the session, as names are reused. */
  readonly createdAt: number;
  readonly key: string;
  stdoutBytes: number;
  stderrBytes: number;
}

/** Refusals that are correct answers; any other refusal or error fails the test. */
const expectedRefusals = new Set([
  'gone',
  'queue_full',
  'no_such_command',
  'not_startable',
  'not_yours',
  'session_quota',
  'address_quota',
  'too_many_sessions',
]);

export class Clients {
  readonly acknowledged = new Map<string, Acknowledged>();
  /** How often each kind of step was acknowledged. */
  readonly counts = new Map<string, number>();
  readonly #store: Store;
  readonly #renewing = new Set<string>();
  #keys = 0;
  #sessions = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async create(name: string): Promise<void> {
    this.#sessions += 1;
    await this.#store.create(createSession(name, this.#sessions, address), limits);
  }

  /** Repeated until an answer arrives: after `storage_busy` it is unknown whether it was applied. */
  async #update<T>(name: string, transition: Transition<T>): Promise<Committed<T>> {
    for (;;) {
      try {
        return await this.#store.update(
          name,
          (session, clock) => applyTransition(session, transition, { ...moment, ...clock }),
          limits,
        );
      } catch (error) {
        if (!(error instanceof Refusal && error.code === 'storage_busy')) throw error;
      }
    }
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      try {
        if (await this.#take(one)) this.counts.set(one.what, (this.counts.get(one.what) ?? 0) + 1);
      } catch (error) {
        if (!(error instanceof Refusal && expectedRefusals.has(error.code))) throw error;
        this.counts.set(error.code, (this.counts.get(error.code) ?? 0) + 1);
      }
    }
  }

  /** Runs one step. Resolves with whether there was something to do. */
  async #take(one: Step): Promise<boolean> {
    const name = names[one.which] ?? names[0];
    if (one.what === 'renew') return this.#renew(name);
    if (one.what === 'push') return this.#push(name, one.bytes);
    if (one.what === 'claim') {
      const { result } = await this.#update(name, (session, now) => claimNext(session, listener, now));
      return result !== undefined;
    }
    if (one.what === 'evict') {
      const { before, after } = await this.#update(name, (session) => {
        const first = listEvictable(session)[0];
        return { session: evict(session, new Set(first ? [first.id] : [])), result: undefined };
      });
      return before !== after;
    }
    const { commands } = await this.#store.read(name);
    const running = commands.filter(
      ({ state }) => one.what === 'cancel' || state === 'running' || state === 'lost',
    );
    const chosen = running[one.command % Math.max(1, running.length)];
    if (!chosen) return false;
    await this.#touchCommand(name, one, chosen);
    return true;
  }

  async #renew(name: string): Promise<boolean> {
    // A second create() would replace the session; in reality names are unique.
    if (this.#renewing.has(name)) return false;
    this.#renewing.add(name);
    const wasThere = await this.#store.remove(name);
    await this.create(name);
    this.#renewing.delete(name);
    return wasThere;
  }

  async #push(name: string, bytes: number): Promise<boolean> {
    this.#keys += 1;
    const key = `key-${this.#keys}`;
    const given = {
      origin: 'commands' as const,
      scriptBytes: bytes,
      digest: key,
      idempotencyKey: key,
      pushedBy: null,
      merge: false,
      stdin: 'none' as const,
      timeoutSeconds: 0,
      queueSeconds: null,
    };
    const script = patternOf(key, 'script', 0, bytes);
    const { after } = await this.#update(name, (session, now) => pushCommand(session, given, script, now));
    this.acknowledged.set(key, { createdAt: after.createdAt, key, stdoutBytes: 0, stderrBytes: 0 });
    return true;
  }

  /** Output, finish or cancel: idempotent, so #update() may repeat it. */
  async #touchCommand(name: string, one: Step, chosen: Command): Promise<void> {
    const { id, idempotencyKey } = chosen;
    const key = idempotencyKey ?? '';
    /** Refused if another command has this id by now. */
    const updateIt = <T>(transition: Transition<T>): Promise<Committed<T>> =>
      this.#update(name, (session: Session, now: number) => {
        const isIt = session.commands.some((command) => command.id === id && command.idempotencyKey === key);
        if (isIt) return transition(session, now);
        throw new Refusal('no_such_command', id);
      });
    if (one.what === 'append') {
      const { flow } = one;
      const offset = Math.max(0, chosen[`${flow}Bytes`] - one.back);
      const chunk = { flow, offset, bytes: patternOf(key, flow, offset, offset + one.bytes) };
      const { result } = await updateIt((session, now) => appendOutput(session, id, listener.id, chunk, now));
      this.#acknowledge(key, flow, result);
    } else if (one.what === 'finish') {
      const offset = chosen.stdoutBytes;
      const bytes = patternOf(key, 'stdout', offset, offset + one.bytes);
      const rest = [{ flow: 'stdout' as const, offset, bytes }];
      const finish = { exitStatus: 0, signal: null, timedOut: false, rest, cut: null };
      const { result } = await updateIt((session, now) =>
        finishCommand(session, id, listener.id, finish, now),
      );
      this.#acknowledge(key, 'stdout', result.stdoutBytes);
    } else {
      await updateIt((session, now) => cancelCommand(session, id, 'TERM', now));
    }
  }

  #acknowledge(key: string, flow: Stream, end: number): void {
    const known = this.acknowledged.get(key);
    if (known) known[`${flow}Bytes`] = Math.max(known[`${flow}Bytes`], end);
  }
}
