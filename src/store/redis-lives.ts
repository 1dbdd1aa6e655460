/** Creates and removes sessions in Redis. */
import { randomInt } from 'node:crypto';
import type { Session } from '../session/session.ts';
import type { Entry } from './redis-cache.ts';
import type { RedisClient } from './redis-client.ts';
import { busy, isGone } from './redis-failure.ts';
import { keysOf } from './redis-layout.ts';
import type { RedisReader } from './redis-reader.ts';
import { createScript, removeScript } from './redis-scripts.ts';
import { describeChange } from './redis-session.ts';
import { nameOperation, renderDue } from './redis-updates.ts';
import { listSegments } from './redis-writes.ts';

/** The first version is random, so that versions of a removed session and of a later one with the same name are not mixed up. */
const maxFirstVersion = 2 ** 40;

/** How often a removal is restarted because the session changed meanwhile. */
const maxTries = 50;

export class RedisLives {
  readonly #client: RedisClient;
  readonly #reader: RedisReader;
  /** The message that is published for a change. */
  readonly #messageFor: (name: string) => string;

  constructor(client: RedisClient, reader: RedisReader, messageFor: (name: string) => string) {
    this.#client = client;
    this.#reader = reader;
    this.#messageFor = messageFor;
  }

  /** Creates a session. Throws `storage_busy` if the name is taken. */
  async begin(session: Session, dueAt: number): Promise<void> {
    const { name } = session;
    const keys = keysOf(name);
    const { meta, changed } = describeChange(undefined, session);
    const version = String(randomInt(1, maxFirstVersion));
    const operation = nameOperation();
    const head = [version, operation, meta, renderDue(dueAt), name, changed.length];
    const reply = await this.#client.run(
      createScript,
      [keys.session, keys.index, keys.due],
      [...head, ...changed.flat()],
    );
    if (!Array.isArray(reply) || reply[0] !== 'done') throw busy();
    this.#reader.cache.put(name, { version, operation, session });
  }

  /** Removes a session and resolves with it; undefined if it did not exist. */
  async end(name: string): Promise<Session | undefined> {
    const { session, index, due, parts, gone } = keysOf(name);
    const operation = nameOperation();
    let entry: Entry | undefined = this.#reader.get(name);
    for (let tries = 0; tries < maxTries; tries += 1) {
      entry ??= await this.#reader.look(name).catch((error: unknown) => {
        if (isGone(error)) return undefined;
        throw error;
      });
      if (!entry) return undefined;
      const reply = await this.#client.run(
        removeScript,
        [session, index, due, parts, gone, ...listSegments(entry.session)],
        [entry.version, entry.operation, operation, name, this.#messageFor(name)],
      );
      const [verdict] = Array.isArray(reply) ? reply : [];
      if (verdict === 'done') return entry.session;
      if (verdict === 'gone') return undefined;
      entry = undefined;
    }
    throw busy();
  }
}
