/** The Redis store: sessions that several relays share. Any relay can answer any request, and any relay may die at any time. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../session/apply-transition.ts';
import type { Part, Session } from '../session/session.ts';
import { DueTimers } from './due-timers.ts';
import { Lines } from './lines.ts';
import { RateLimits } from './rate-limits.ts';
import { RedisAccounts } from './redis-accounts.ts';
import { Acknowledgements } from './redis-acknowledge.ts';
import { RedisBeat } from './redis-beat.ts';
import { RedisBytes } from './redis-bytes.ts';
import { RedisClient } from './redis-client.ts';
import { openMs } from './redis-connection.ts';
import { DueSweep } from './redis-due.ts';
import { isBusy, refuseFailure } from './redis-failure.ts';
import { checkKey, dueKeys, keysOf } from './redis-layout.ts';
import { RedisLives } from './redis-lives.ts';
import { RedisReader } from './redis-reader.ts';
import { countScript } from './redis-scripts.ts';
import { type AcknowledgeBy, checkRedis } from './redis-start.ts';
import { RedisUpdates } from './redis-updates.ts';
import { parseRedisUrl } from './redis-url.ts';
import { RedisWakes } from './redis-wakes.ts';
import {
  type AccountLimits,
  type Committed,
  type DueAt,
  neverDue,
  type Rate,
  type Store,
  type StoreObserver,
  type StoreOptions,
  type StoreTransition,
} from './store.ts';
import { Watchers } from './watchers.ts';

interface RedisStoreParts {
  readonly client: RedisClient;
  readonly acknowledgeBy: AcknowledgeBy;
  readonly dueAt: DueAt;
  readonly warn: (text: string) => void;
  readonly observers: StoreObserver[];
}

class RedisStore implements Store {
  /** An abandoned connection may still have references to the bytes that it was sending. */
  readonly copiesPieces = false;
  readonly #client: RedisClient;
  readonly #dueAt: DueAt;
  readonly #observers: StoreObserver[];
  readonly #lines = new Lines();
  readonly #watchers = new Watchers();
  readonly #beat: RedisBeat;
  readonly #reader: RedisReader;
  readonly #bytes: RedisBytes;
  readonly #accounts: RedisAccounts;
  readonly #updates: RedisUpdates;
  readonly #lives: RedisLives;
  readonly #acknowledgements: Acknowledgements;
  readonly #wakes: RedisWakes;
  readonly #timers: DueTimers;
  readonly #rateLimits: RateLimits;
  #sweep: DueSweep | undefined;

  constructor({ client, acknowledgeBy, dueAt, warn, observers }: RedisStoreParts) {
    this.#client = client;
    this.#dueAt = dueAt;
    this.#observers = observers;
    this.#beat = new RedisBeat(client);
    this.#reader = new RedisReader(client, { isWatched: (name) => this.#watchers.has(name), warn });
    this.#bytes = new RedisBytes(client);
    this.#accounts = new RedisAccounts(client, (name) => this.read(name));
    this.#acknowledgements = new Acknowledgements(client, acknowledgeBy);
    this.#wakes = new RedisWakes(client, this.#watchers, {
      onChange: (name) => this.#reader.cache.invalidate(name),
    });
    this.#updates = new RedisUpdates({
      client,
      reader: this.#reader,
      bytes: this.#bytes,
      accounts: this.#accounts,
      beat: this.#beat,
      dueAt,
      warn,
      onConflict: () => observers.forEach((observer) => observer.conflicted()),
      messageFor: (name) => this.#wakes.messageFor(name),
    });
    this.#lives = new RedisLives(client, this.#reader, (name) => this.#wakes.messageFor(name));
    this.#timers = new DueTimers({
      now: () => this.clock().now,
      dueOf: (name) => {
        const entry = this.#reader.cache.get(name);
        return entry && dueAt(entry.session, this.clock());
      },
    });
    this.#rateLimits = new RateLimits((bucket, size) => client.pour(bucket, size));
  }

  /** Must run first: reads the clock and subscribes to the channel, so that no change is missed after the first read. Throws an Error. */
  async begin(): Promise<void> {
    await this.#beat.refresh();
    const late = pause(openMs, 'late' as const, { ref: false });
    if ((await Promise.race([this.#wakes.ready, late])) === 'late')
      throw new Error('cannot subscribe to the channel remotify:wake: check the permissions of the user');
  }

  clock(): Clock {
    return this.#beat.clock.read();
  }

  create(session: Session, limits?: AccountLimits): Promise<void> {
    const { name } = session;
    return this.#lines.run(name, async () => {
      await this.#beat.refresh();
      await this.#accounts.add(session, limits);
      try {
        await this.#lives.begin(session, this.#dueAt(session, this.clock()));
        await this.#acknowledge(name);
      } catch (error) {
        // After `storage_busy` the session may exist, so it stays counted.
        if (!isBusy(error)) await this.#accounts.remove(session).catch(() => undefined);
        throw error;
      }
      this.#timers.follow(name);
    });
  }

  async read(name: string): Promise<Session> {
    await this.#beat.refresh();
    const { session } = await this.#reader.look(name);
    this.#timers.follow(name);
    return session;
  }

  update<T>(name: string, transition: StoreTransition<T>, limits?: AccountLimits): Promise<Committed<T>> {
    return this.#lines.run(name, async () => {
      try {
        const { committed, isLoud } = await this.#updates.run(name, transition, limits);
        this.#timers.follow(name);
        if (!isLoud) return committed;
        await this.#acknowledge(name);
        this.#watchers.wake(name);
        return committed;
      } catch (error) {
        // The update may have been applied, and this process ignores the message of its own update.
        if (isBusy(error)) this.#wakeUnsure(name);
        throw error;
      }
    });
  }

  #wakeUnsure(name: string): void {
    this.#reader.cache.invalidate(name);
    this.#watchers.wake(name);
  }

  #acknowledge(name: string): Promise<void> {
    return this.#acknowledgements.wait(name.slice(0, 2));
  }

  readBytes(name: string, id: string, part: Part, offset: number, maxBytes: number): Promise<Buffer> {
    return this.#bytes.read(this.#reader.cache.get(name)?.session, { name, id, part }, offset, maxBytes);
  }

  remove(name: string): Promise<boolean> {
    return this.#lines.run(name, async () => {
      const removed = await this.#lives.end(name);
      this.#timers.forget(name);
      this.#bytes.forget(name);
      this.#reader.cache.delete(name);
      if (!removed) return false;
      this.#watchers.wake(name);
      await this.#accounts.remove(removed);
      await this.#acknowledge(name);
      return true;
    });
  }

  async has(name: string): Promise<boolean> {
    return (await this.#client.call('EXISTS', keysOf(name).session)) === 1;
  }

  async count(): Promise<number> {
    const sets = this.#client.isCluster ? dueKeys.map((key) => [key]) : [dueKeys];
    const counts = await Promise.all(sets.map((keys) => this.#client.run(countScript, keys, [])));
    return counts.reduce((sum: number, count) => sum + Number(count), 0);
  }

  listAccount(account: string): Promise<readonly string[]> {
    return this.#accounts.list(account);
  }

  watch(name: string, wake: () => void): () => void {
    return this.#watchers.watch(name, wake);
  }

  onDue(ring: (name: string) => Promise<void>): void {
    this.#timers.start(ring, this.#reader.cache.names());
    this.#sweep = new DueSweep(this.#client, () => this.clock().now, ring);
  }

  async take(bucket: string, rate: Rate): Promise<void> {
    await this.#rateLimits.take(bucket, rate).catch((error: unknown) => {
      throw refuseFailure(error);
    });
  }

  observe(observer: StoreObserver): void {
    this.#observers.push(observer);
  }

  async check(): Promise<void> {
    await this.#client.call('SET', checkKey, '1', 'EX', 60);
  }

  async close(): Promise<void> {
    const ended = this.#lines.close();
    this.#sweep?.close();
    this.#timers.close();
    this.#wakes.close();
    await ended;
    this.#beat.close();
    this.#client.close();
  }
}

/** Throws an Error with the reason if Redis cannot be used. The text never has the password. */
export async function openRedisStore(
  url: string,
  { warn, durability = 'process', dueAt = neverDue }: StoreOptions,
): Promise<Store> {
  const observers: StoreObserver[] = [];
  const client = await RedisClient.open(parseRedisUrl(url), { warn, observers });
  let store: RedisStore | undefined;
  try {
    const acknowledgeBy = await checkRedis(client, durability, warn);
    store = new RedisStore({ client, acknowledgeBy, dueAt, warn, observers });
    await store.begin();
    return store;
  } catch (error) {
    await store?.close();
    client.close();
    throw error;
  }
}
