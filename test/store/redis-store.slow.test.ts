import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCommand, replaceCommand } from '../../src/session/session.ts';
import { hasRedis, type Redis, startRedis, withoutRedis } from '../harness/redis.ts';
import { eventually } from '../harness/deadline.ts';
import { describeStore } from './contract.ts';
import { dueAtReader, setDue } from './contract-due.ts';
import { openAt, openOwn } from './redis-kit.ts';
import { append, count, makeSession, nameOf, push, readStored, readText, refusalOf } from './store-kit.ts';

const { name } = makeSession();

describe.skipIf(!hasRedis)(`a store on Redis${withoutRedis}`, () => {
  let redis: Redis;

  beforeAll(async () => {
    redis = await startRedis();
  });

  afterAll(() => redis?.stop());

  /** Opens a store on an empty Redis: all earlier stores are closed. */
  const openEmpty = async (dueAt?: Parameters<typeof openAt>[1]) => {
    await redis.cli('FLUSHALL');
    return openAt(redis, dueAt);
  };

  describeStore(openEmpty, { isLocal: false });

  describe('two stores on one Redis', () => {
    const openTwo = async (dueAt?: Parameters<typeof openAt>[1]) => {
      await redis.cli('FLUSHALL');
      const [a, b] = [await openOwn(redis, dueAt), await openOwn(redis, dueAt)];
      await a.create(makeSession());
      return { a, b };
    };

    test('a session and bytes written by one store: the other store reads them', async () => {
      const { a, b } = await openTwo();
      expect(await b.read(name)).toEqual(makeSession());
      expect(await push(b, name, 'echo')).toBe('c1');
      expect(await append(a, name, 'c1', 'stdout', 0, 'one')).toBe(3);
      expect(await append(b, name, 'c1', 'stdout', 3, ' two')).toBe(7);
      expect(await a.read(name)).toEqual(await b.read(name));
      expect(await readText(a, name, 'c1', 'stdout')).toBe('one two');
      expect(await readText(b, name, 'c1', 'script')).toBe('echo');
      expect([await a.count(), await b.count()]).toEqual([1, 1]);
    });

    test('simultaneous updates of one session at both stores: each counts once', async () => {
      const { a, b } = await openTwo();
      const results = await Promise.all(
        Array.from({ length: 40 }, async (_, nth) => (await (nth % 2 ? a : b).update(name, count)).result),
      );
      expect(results.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 40 }, (_, nth) => nth + 1));
      expect((await a.read(name)).revision).toBe(40);
    });

    test('simultaneous pushes at both stores: each command has its own id and script', async () => {
      const { a, b } = await openTwo();
      const scripts = Array.from({ length: 20 }, (_, nth) => `echo ${nth} ${'x'.repeat(nth * 100)}`);
      const ids = await Promise.all(scripts.map((script, nth) => push(nth % 2 ? a : b, name, script)));
      expect(new Set(ids).size).toBe(20);
      for (const [nth, id] of ids.entries()) expect(await readText(a, name, id, 'script')).toBe(scripts[nth]);
    });

    test('a refusal based on an outdated session: the transition runs again on the newest one', async () => {
      const { a, b } = await openTwo();
      // Both stores have the session in memory by now.
      await push(a, name, 'echo');
      await append(b, name, 'c1', 'stdout', 0, 'one');
      // In the session that A has in memory this is a gap.
      expect(await append(a, name, 'c1', 'stdout', 3, ' two')).toBe(7);
      expect(await refusalOf(append(a, name, 'c1', 'stdout', 9, 'x'))).toBe('output_gap');
      expect(await readStored(b, name, 'c1', 'stdout')).toBe('one two');
    });

    test('output written by one store, replaced by the other: both read the later bytes', async () => {
      const { a, b } = await openTwo();
      await push(a, name, 'echo');
      await append(a, name, 'c1', 'stdout', 0, 'one');
      expect(await readText(a, name, 'c1', 'stdout')).toBe('one');
      await b.update(name, (session) => ({
        session: replaceCommand(session, { ...findCommand(session, 'c1'), stdoutBytes: 3 }),
        result: 0,
        put: [{ id: 'c1', part: 'stdout', bytes: Buffer.from('two') }],
      }));
      expect(await readText(a, name, 'c1', 'stdout')).toBe('two');
      expect(await readText(b, name, 'c1', 'stdout')).toBe('two');
    });

    test('"no change" based on an outdated session: the transition runs again on the newest one', async () => {
      const { a, b } = await openTwo();
      const raise = (to: number) => (store: typeof a) =>
        store.update(name, (session) =>
          session.revision >= to
            ? { session, result: 'was' }
            : { session: { ...session, revision: to }, result: 'is' },
        );
      expect((await raise(5)(a)).result).toBe('is');
      await b.update(name, (session) => ({ session: { ...session, revision: 1 }, result: 0 }));
      expect((await raise(5)(a)).result).toBe('is');
      expect((await b.read(name)).revision).toBe(5);
    });

    test('a change and the removal of a session at one store: the watchers of both stores wake', async () => {
      const { a, b } = await openTwo();
      const wakes = { a: 0, b: 0 };
      a.watch(name, () => void (wakes.a += 1));
      b.watch(name, () => void (wakes.b += 1));
      await a.update(name, count);
      await eventually('the wake at the other store', 10_000, () => wakes.b > 0);
      const seen = wakes.b;
      await a.remove(name);
      await eventually('the wake by the end', 10_000, () => wakes.b > seen);
      expect(await b.has(name)).toBe(false);
      expect(await refusalOf(b.read(name))).toBe('gone');
      expect(await refusalOf(b.update(name, count))).toBe('gone');
    });

    test('a quiet change (heartbeat) at one store: the other store reads it, no watcher wakes', async () => {
      const { a, b } = await openTwo();
      await b.read(name);
      let wakes = 0;
      b.watch(name, () => void (wakes += 1));
      const quiet = (touchedAt: number) =>
        a.update(name, (session) => ({ session: { ...session, touchedAt }, result: 0, quiet: true }));
      const now = a.clock().now;
      await quiet(now);
      await eventually(
        'the heartbeat at the other store',
        30_000,
        async () => {
          await quiet(a.clock().now);
          return (await b.read(name)).touchedAt >= now;
        },
        500,
      );
      expect(wakes).toBe(0);
    });

    test('a deadline set by a store that is closed then: the other store rings', async () => {
      await redis.cli('FLUSHALL');
      const gone = await openAt(redis, dueAtReader);
      await gone.create(makeSession());
      await gone.update(name, setDue(gone.clock().now + 1_000));
      await gone.close();
      const other = await openOwn(redis, dueAtReader);
      let rings = 0;
      other.onDue(async () => {
        rings += 1;
        await other.update(name, setDue(null));
      });
      await eventually('the ring at the other store', 20_000, () => rings > 0);
    });

    test('the clocks of two stores agree within a second', async () => {
      const { a, b } = await openTwo();
      expect(Math.abs(a.clock().now - b.clock().now)).toBeLessThan(1_000);
    });

    test('a rate limit counts the requests at both stores', async () => {
      const { a, b } = await openTwo();
      const rate = { count: 1, perSeconds: 3_600, burst: 2 };
      const answers: (string | undefined)[] = [];
      for (let nth = 0; nth < 6; nth += 1)
        answers.push(await refusalOf((nth % 2 ? a : b).take('sessions 192.0.2.7', rate)));
      expect(answers.filter((answer) => answer === undefined)).toHaveLength(3);
      expect(answers.filter((answer) => answer === 'rate_limited')).toHaveLength(3);
    });
  });

  test('a store that is closed and opened again: sessions and bytes are there, and output continues', async () => {
    await redis.cli('FLUSHALL');
    const before = await openAt(redis);
    await before.create(makeSession());
    await push(before, name, 'echo "ö"');
    await append(before, name, 'c1', 'stdout', 0, 'one');
    const session = await before.read(name);
    await before.close();
    const after = await openOwn(redis);
    expect(await after.read(name)).toEqual(session);
    expect(await readText(after, name, 'c1', 'script')).toBe('echo "ö"');
    expect(await append(after, name, 'c1', 'stdout', 3, ' two')).toBe(7);
    expect(await readText(after, name, 'c1', 'stdout')).toBe('one two');
  });

  test('output that crosses segment boundaries, written and read at any offset: all bytes are correct', async () => {
    await redis.cli('FLUSHALL');
    const store = await openOwn(redis);
    await store.create(makeSession());
    await push(store, name, 'echo');
    const whole = Buffer.from(Array.from({ length: 2_600_000 }, (_, at) => (at * 7 + (at >> 8) * 13) % 251));
    for (let at = 0, piece = 1; at < whole.length; piece += 1) {
      const end = Math.min(whole.length, at + ((piece * 150_001) % 1_048_577) + 1);
      expect(await append(store, name, 'c1', 'stdout', at, whole.subarray(at, end))).toBe(end);
      at = end;
    }
    for (const [at, length] of [
      [0, 2_600_000],
      [1_044_470, 20],
      [1_044_480, 1],
      [2_088_950, 100_000],
      [2_599_999, 10],
      [2_600_000, 10],
    ] as const) {
      const read = await store.readBytes(name, 'c1', 'stdout', at, length);
      expect(read.equals(whole.subarray(at, at + length)), `${length} bytes at ${at}`).toBe(true);
    }
  });

  test('a removed session leaves no keys in Redis, except the mark of its removal for a while', async () => {
    await redis.cli('FLUSHALL');
    const store = await openOwn(redis, dueAtReader);
    const before = await redis.cli('KEYS', '*');
    for (const letter of ['a', 'b']) {
      const made = makeSession(nameOf(letter), '192.0.2.7');
      await store.create(made, { sessions: 5, bytes: 10_000_000 });
      await push(store, made.name, 'echo');
      await append(store, made.name, 'c1', 'stdout', 0, Buffer.alloc(2_000_000));
      await store.update(made.name, setDue(store.clock().now + 60_000));
    }
    await store.remove(nameOf('a'));
    const own = (await redis.cli('KEYS', `*${'a'.repeat(32)}*`)).split('\n').filter((key) => key !== '');
    // The mark tells a repeated removal by this store from a removal by another store.
    expect(own).toEqual([expect.stringContaining(':gone:')]);
    expect(Number(await redis.cli('TTL', own[0] ?? ''))).toBeGreaterThan(0);
    await store.remove(nameOf('b'));
    const left = (await redis.cli('KEYS', '*')).split('\n').filter((key) => !before.includes(key));
    // The remaining keys belong to an address or a process, not to a session.
    expect(left.filter((key) => /:(s|i|p|b):/.test(key))).toEqual([]);
  });

  test('the bytes of a dropped command are removed from Redis', async () => {
    await redis.cli('FLUSHALL');
    const store = await openOwn(redis);
    await store.create(makeSession());
    await push(store, name, 'echo');
    await append(store, name, 'c1', 'stdout', 0, Buffer.alloc(3_000_000));
    const memory = async () => Number(/used_memory:(\d+)/.exec(await redis.cli('INFO', 'memory'))?.[1]);
    const full = await memory();
    await store.update(name, (session) => ({ session: { ...session, commands: [] }, result: 0 }));
    await eventually('the memory is freed', 10_000, async () => (await memory()) < full - 2_500_000);
  });
});
