/**
 * Counts the sessions and bytes of each account in Redis. The counters may drift if a relay dies during a request: before a counter
 * leads to a refusal it is recounted, at most once per `recountMs`.
 */
import { Refusal } from '../protocol/errors.ts';
import { chooseAccount } from '../session/account.ts';
import { usedBytes } from '../session/open-commands.ts';
import type { Session } from '../session/session.ts';
import type { RedisClient } from './redis-client.ts';
import { isGone } from './redis-failure.ts';
import { accountKeys, keysOf } from './redis-layout.ts';
import {
  addToAccountScript,
  recountScript,
  removeFromAccountScript,
  reserveScript,
} from './redis-account-scripts.ts';
import type { AccountLimits } from './store.ts';

/** The shortest time between two recounts of an account: each reads every session of the account. */
const recountMs = 10_000;

/** In scripts a number below 0 means no limit. */
function renderLimit(limit: number | undefined): number {
  return limit === undefined || !Number.isSafeInteger(limit) ? -1 : limit;
}

export interface Reservation {
  /** The key of the counter. */
  readonly key: string;
  readonly growth: number;
  readonly limit: number;
}

export class RedisAccounts {
  readonly #client: RedisClient;
  readonly #read: (name: string) => Promise<Session>;
  /** When each account was last recounted, by `performance.now()`. */
  readonly #counted = new Map<string, number>();

  constructor(client: RedisClient, read: (name: string) => Promise<Session>) {
    this.#client = client;
    this.#read = read;
  }

  /** Counts a session that is about to be created. Throws `too_many_sessions`. */
  async add({ name, madeFrom, createdAt }: Session, limits: AccountLimits | undefined): Promise<void> {
    if (madeFrom === null) return;
    const account = chooseAccount(madeFrom);
    const add = (): Promise<unknown> =>
      this.#client.run(
        addToAccountScript,
        [accountKeys(account).made],
        [name, createdAt, renderLimit(limits?.sessions)],
      );
    if ((await add()) === 1) return;
    if (!this.#isDue(account) || !(await this.#forgetMissing(account)) || (await add()) !== 1)
      throw new Refusal('too_many_sessions');
  }

  async remove(session: Session): Promise<void> {
    if (session.madeFrom === null) return;
    const { made, bytes } = accountKeys(chooseAccount(session.madeFrom));
    await this.#client.run(removeFromAccountScript, [made, bytes], [session.name, usedBytes(session)]);
  }

  /** How many bytes an update adds to its account. Undefined if it adds none, or the session has no account. */
  describe(
    before: Session,
    after: Session,
    excess: number,
    limits: AccountLimits | undefined,
  ): Reservation | undefined {
    if (after.madeFrom === null || before.commands === after.commands) return undefined;
    const growth = usedBytes(after) - usedBytes(before);
    if (growth === 0) return undefined;
    const limit = renderLimit(limits?.bytes);
    return {
      key: accountKeys(chooseAccount(after.madeFrom)).bytes,
      growth,
      limit: limit < 0 ? limit : limit + excess,
    };
  }

  /** For a cluster, where the counter and the session are on different servers. Resolves with whether there was room. */
  async reserve({ key, growth, limit }: Reservation): Promise<boolean> {
    return (await this.#client.run(reserveScript, [key], [growth, limit])) === 1;
  }

  async list(account: string): Promise<readonly string[]> {
    const names = await this.#client.call('ZRANGE', accountKeys(account).made, 0, -1);
    return Array.isArray(names) ? names.map(String) : [];
  }

  /** Recounts the bytes unless that was done a moment ago. Resolves with whether the counter may have changed. */
  async recount({ madeFrom }: Session): Promise<boolean> {
    if (madeFrom === null) return false;
    const account = chooseAccount(madeFrom);
    if (!this.#isDue(account)) return false;
    const { bytes } = accountKeys(account);
    const before = await this.#client.call('GET', bytes);
    let held = 0;
    for (const name of await this.list(account)) {
      const session = await this.#read(name).catch((error: unknown) => {
        if (isGone(error)) return undefined;
        throw error;
      });
      held += session ? usedBytes(session) : 0;
    }
    // Bytes that were written meanwhile may or may not be in the sum: the script then discards the result.
    await this.#client.run(recountScript, [bytes], [before === null ? '' : String(before), held]);
    return true;
  }

  #isDue(account: string): boolean {
    const now = performance.now();
    if (now - (this.#counted.get(account) ?? -recountMs) < recountMs) return false;
    this.#counted.set(account, now);
    setTimeout(() => this.#counted.delete(account), recountMs).unref();
    return true;
  }

  /** Removes sessions from the count that no longer exist. Resolves with whether there were any. */
  async #forgetMissing(account: string): Promise<boolean> {
    const names = await this.list(account);
    const found = await Promise.all(names.map((name) => this.#client.call('EXISTS', keysOf(name).session)));
    const missing = names.filter((_name, at) => found[at] === 0);
    if (missing.length > 0) await this.#client.call('ZREM', accountKeys(account).made, ...missing);
    return missing.length > 0;
  }
}
