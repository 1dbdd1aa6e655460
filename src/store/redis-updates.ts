/**
 * Compare and set: a transition runs on the newest session that is known, and counts only if Redis still has that version. What it refuses,
 * or does not change, is believed only after a look at Redis.
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

/** How often an update is begun anew because others were faster. */
const maxConflicts = 50;

/** So many conflicts are no reason to wait. */
const fastConflicts = 3;
const conflictPauseMs = 20;

/** Random bytes for many names: each call of the generator costs more than the bytes. */
const randomness = Buffer.alloc((operationLength / 2) * 512);
let namedBytes = randomness.byteLength;

/** Unique among all that any relay does. */
export function nameOperation(): string {
  if (namedBytes === randomness.byteLength) {
    randomFillSync(randomness);
    namedBytes = 0;
  }
  const from = namedBytes;
  namedBytes += operationLength / 2;
  return randomness.toString('hex', from, namedBytes);
}

/** For a sorted set. */
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
  /** What is published for a loud change. */
  readonly messageFor: (name: string) => string;
}

/** One run of the transition. */
type Attempt<T> =
  | { readonly outcome: Outcome<T>; readonly clock: Clock }
  | { readonly outcome?: undefined; readonly error: unknown; readonly clock: Clock };

/** What Redis said to a commit; `again`: run it once more on the same session. */
type Verdict = 'done' | 'conflict' | 'again';

export class RedisUpdates {
  readonly #parts: UpdateParts;

  constructor(parts: UpdateParts) {
    this.#parts = parts;
  }

  /** See Store.update(). Resolves with whether it was loud as well. */
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
      // Signs of life are written too, so that no other relay takes a listener for gone.
      if (!outcome || outcome.session === entry.session) {
        if (isNewest) return this.#keepAsIs(entry, attempt);
        const known = entry;
        entry = await reader.look(name);
        isNewest = true;
        // The transition runs once more, also where nothing changed: it is pure.
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

  /** Nothing is written: what the transition threw, or said of the newest session. */
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
    // In a cluster the counter is on another server: it is changed first, and back where nothing came of it.
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
      // An answer was lost, and so much has happened since that it cannot be told whether it was applied.
      if (tries.count > 1 && Number(newest) - Number(known) > rememberedOperations) throw busy();
      return 'conflict';
    }
    if (verdict === 'quota') return this.#askForRoom(before);
    if (verdict === 'unstaged') return 'again';
    if (verdict === 'gone') {
      reader.cache.delete(name);
      throw new Refusal('gone');
    }
    this.#parts.warn(`session ${shortName(name)}: bytes are missing in Redis`);
    throw busy();
  }

  /** The count may be too high. Throws `address_quota` where it was right a moment ago. */
  async #askForRoom(session: Session): Promise<Verdict> {
    if (await this.#parts.accounts.recount(session)) return 'again';
    throw new Refusal('address_quota');
  }
}
