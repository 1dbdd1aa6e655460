/**
 * Optimistic updates (compare and set): a transition runs on the newest session in memory, and its result counts only if Redis still has
 * that version. A refusal or "no change" counts only if the session was just read from Redis.
 */
import { randomFillSync } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from '../protocol/errors.ts';
import { shortName } from '../protocol/keys.ts';
import type { Clock } from '../session/apply-transition.ts';
import type { Outcome, Session } from '../session/session.ts';
import type { RedisAccounts } from './redis-accounts.ts';
import type { RedisBeat } from './redis-beat.ts';
import type { RedisBytes } from './redis-bytes.ts';
import type { Entry } from './redis-cache.ts';
import type { RedisClient } from './redis-client.ts';
import { busy } from './redis-failure.ts';
import type { RedisReader } from './redis-reader.ts';
import { commitScript, operationLength, rememberedOperations } from './redis-scripts.ts';
import { describeCommit } from './redis-writes.ts';
import type { AccountLimits, Committed, DueAt, StoreTransition } from './store.ts';

/** How often an update is restarted after a conflict with another update. */
const maxConflicts = 50;

/** Up to this many conflicts the update restarts without a pause. */
const fastConflicts = 3;
const conflictPauseMs = 20;

/** Random bytes for many names: a call of the generator costs more than the bytes. */
const randomness = Buffer.alloc((operationLength / 2) * 512);
let namedBytes = randomness.byteLength;

/** A random name that is unique among the operations of all relays. */
export function nameOperation(): string {
  if (namedBytes === randomness.byteLength) {
    randomFillSync(randomness);
    namedBytes = 0;
  }
  const from = namedBytes;
  namedBytes += operationLength / 2;
  return randomness.toString('hex', from, namedBytes);
}

/** A deadline as the score in a sorted set. */
export function renderDue(due: number): string {
  return due === Infinity ? '+inf' : String(due);
}

export interface UpdateParts {
  readonly client: RedisClient;
  readonly reader: RedisReader;
  readonly bytes: RedisBytes;
  readonly accounts: RedisAccounts;
  readonly beat: RedisBeat;
  readonly dueAt: DueAt;
  readonly warn: (text: string) => void;
  readonly onConflict: () => void;
  /** The message that is published for a loud (not quiet) change. */
  readonly messageFor: (name: string) => string;
}

/** The result of one run of the transition. */
type Attempt<T> =
  | { readonly outcome: Outcome<T>; readonly clock: Clock }
  | { readonly outcome?: undefined; readonly error: unknown; readonly clock: Clock };

/** The reply of Redis to a commit; `again`: run it again on the same session. */
type Verdict = 'done' | 'conflict' | 'again';

export class RedisUpdates {
  readonly #parts: UpdateParts;

  constructor(parts: UpdateParts) {
    this.#parts = parts;
  }

  /** See Store.update(). Also resolves with whether the change was loud. */
  async run<T>(
    name: string,
    transition: StoreTransition<T>,
    limits: AccountLimits | undefined,
  ): Promise<{ committed: Committed<T>; isLoud: boolean }> {
    const { reader, beat } = this.#parts;
    const operation = nameOperation();
    let entry = reader.get(name);
    let isNewest = entry === undefined;
    entry ??= await reader.look(name);
    for (let conflicts = 0; conflicts <= maxConflicts; ) {
      await beat.refresh();
      const attempt = this.#attempt(entry, transition);
      const { outcome, clock } = attempt;
      // Heartbeats are written too, so that no other relay marks the listener as disconnected.
      if (!outcome || outcome.session === entry.session) {
        if (isNewest) return this.#keepAsIs(entry, attempt);
        const known = entry;
        entry = await reader.look(name);
        isNewest = true;
        // The transition is pure: run it again even if the session did not change.
        if (known.version !== entry.version) conflicts += 1;
        continue;
      }
      const verdict = await this.#commit(entry, outcome, clock, { operation, limits });
      if (verdict === 'done') {
        const committed = this.#describe(entry, outcome, clock);
        return { committed, isLoud: outcome.quiet !== true };
      }
      conflicts += 1;
      if (verdict === 'again') continue;
      this.#parts.onConflict();
      if (conflicts > fastConflicts) await pause(Math.random() * conflictPauseMs * conflicts);
      entry = await reader.look(name);
      isNewest = true;
    }
    throw busy();
  }

  #attempt<T>({ session }: Entry, transition: StoreTransition<T>): Attempt<T> {
    const clock = this.#parts.beat.clock.read();
    try {
      return { outcome: transition(session, clock), clock };
    } catch (error) {
      return { error, clock };
    }
  }

  #describe<T>({ session: before }: Entry, outcome: Outcome<T>, clock: Clock): Committed<T> {
    const { result, session: after, put = [] } = outcome;
    return { result, before, after, clock, put };
  }

  /** Writes nothing: rethrows the error, or returns the result, of the transition on the newest session. */
  #keepAsIs<T>(entry: Entry, attempt: Attempt<T>): { committed: Committed<T>; isLoud: boolean } {
    if (!attempt.outcome) throw attempt.error;
    return { committed: this.#describe(entry, attempt.outcome, attempt.clock), isLoud: false };
  }

  async #commit<T>(
    entry: Entry,
    outcome: Outcome<T>,
    clock: Clock,
    { operation, limits }: { operation: string; limits: AccountLimits | undefined },
  ): Promise<Verdict> {
    const { client, reader, bytes, accounts, dueAt, messageFor } = this.#parts;
    const { session: before, version: known } = entry;
    const { session: after, put = [], quiet = false, overQuotaBytes = 0 } = outcome;
    const { name } = after;
    const account = quiet ? undefined : accounts.describe(before, after, overQuotaBytes, limits);
    const inScript = client.isCluster ? undefined : account;
    const commit = describeCommit({ before, after, put, account: inScript, operation });
    await bytes.stage(commit.staged);
    // In a cluster the counter is on another server: change it first, and revert it if the commit fails.
    if (account && client.isCluster && !(await accounts.reserve(account))) return this.#askForRoom(before);
    const version = String(Number(known) + 1);
    const head = [known, entry.operation, version, operation, commit.meta];
    const tries = { count: 0 };
    const reply = await client.run(
      commitScript,
      commit.keys,
      [...head, renderDue(dueAt(after, clock)), name, quiet ? '' : messageFor(name), ...commit.words],
      tries,
    );
    const [verdict, newest] = Array.isArray(reply) ? reply.map(String) : [];
    if (verdict === 'done') {
      reader.cache.put(name, { version, operation, session: after });
      if (newest !== version) reader.cache.invalidate(name);
      bytes.remember(after, put);
      return 'done';
    }
    if (account && client.isCluster) await accounts.reserve({ ...account, growth: -account.growth });
    if (verdict === 'conflict') {
      // An answer was lost, and too many updates followed to find out whether this one was applied.
      if (tries.count > 1 && Number(newest) - Number(known) > rememberedOperations) throw busy();
      return 'conflict';
    }
    if (verdict === 'quota') return this.#askForRoom(before);
    if (verdict === 'unstaged') return 'again';
    if (verdict === 'gone') {
      reader.cache.delete(name);
      throw new Refusal('gone');
    }
    this.#parts.warn(`session ${shortName(name)}: bytes are missing in Redis, update rejected`);
    throw busy();
  }

  /** The counter may be too high: recounts it. Throws `address_quota` if it was recounted a moment ago. */
  async #askForRoom(session: Session): Promise<Verdict> {
    if (await this.#parts.accounts.recount(session)) return 'again';
    throw new Refusal('address_quota');
  }
}
