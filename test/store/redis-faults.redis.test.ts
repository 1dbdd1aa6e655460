import { describe, expect, test } from 'vitest';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { hasRedis, withoutRedis } from '../harness/redis.ts';
import { insist, openOwn, startOwnProxy, startOwnRedis } from './redis-kit.ts';
import { addCommand, append, count, makeSession, push, readText, refusalOf } from './store-kit.ts';

const { name } = makeSession();

const isScript = ([word]: readonly string[]): boolean => /^(EVAL|EVALSHA)$/i.test(word ?? '');

describe.skipIf(!hasRedis)(`a store whose Redis fails${withoutRedis}`, () => {
  test.each(['cut', 'silent'] as const)(
    'an update whose answer is lost (connection %s): it is applied once',
    { timeout: 60_000 },
    async (fate) => {
      const redis = await startOwnRedis();
      const proxy = await startOwnProxy(redis);
      const store = await openOwn(proxy);
      await store.create(makeSession());
      await store.update(name, count);
      for (let nth = 2; nth < 8; nth += 1) {
        let isArmed = true;
        proxy.setFate((command) => {
          if (!isArmed || !isScript(command)) return 'arrives';
          isArmed = false;
          return fate;
        });
        const answer = await store.update(name, count).then(
          ({ result }) => result,
          (error: unknown) => refusalOf(Promise.reject(error as Error)),
        );
        expect([nth, 'storage_busy']).toContain(answer);
        expect(isArmed).toBe(false);
        // Close the silent connection, so that the store opens a new one.
        if (fate === 'silent') proxy.cut();
        expect((await insist('the session', () => store.read(name))).revision).toBe(nth);
      }
      expect(proxy.lost()).toBeGreaterThanOrEqual(6);
    },
  );

  test('an update whose answer is lost while another store changes the session: each change is applied once', {
    timeout: 60_000,
  }, async () => {
    const redis = await startOwnRedis();
    const proxy = await startOwnProxy(redis);
    const [hard, calm] = [await openOwn(proxy), await openOwn(redis)];
    await hard.create(makeSession());
    for (let nth = 1; nth <= 5; nth += 1) {
      let isArmed = true;
      proxy.setFate((command) => {
        if (!isArmed || !isScript(command)) return 'arrives';
        isArmed = false;
        return 'cut';
      });
      await Promise.all([
        insist('the push', () => hard.update(name, (session) => addCommand(session, `hard ${nth}`))),
        ...Array.from({ length: 3 }, () => calm.update(name, count)),
      ]);
    }
    const session = await calm.read(name);
    expect(session.revision).toBe(15);
    expect(session.commands.map(({ id }) => id)).toEqual(['c1', 'c2', 'c3', 'c4', 'c5']);
    for (const [at, { id }] of session.commands.entries())
      expect(await readText(calm, name, id, 'script')).toBe(`hard ${at + 1}`);
  });

  test('Redis stopped for 6 s during updates: no update is applied twice, no acknowledged update is lost', {
    timeout: 90_000,
  }, async () => {
    const redis = await startOwnRedis();
    const [a, b] = [await openOwn(redis), await openOwn(redis)];
    await a.create(makeSession());
    const acknowledged: string[] = [];
    const refused: string[] = [];
    let isOver = false;
    const pushAll = async (store: typeof a, who: string): Promise<void> => {
      for (let nth = 1; !isOver; nth += 1) {
        const script = `${who} ${nth}`;
        const refusal = await refusalOf(store.update(name, (session) => addCommand(session, script)));
        if (refusal === undefined) acknowledged.push(script);
        else if (refusal === 'storage_busy') refused.push(script);
        else throw new Error(`${script} is refused: ${refusal}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const work = [pushAll(a, 'a1'), pushAll(a, 'a2'), pushAll(b, 'b1'), pushAll(b, 'b2')];
    await eventually('updates are running', 10_000, () => acknowledged.length > 20);
    redis.pause();
    await untilPassed('Redis is stopped', 6_000);
    redis.resume();
    const before = acknowledged.length;
    await eventually('updates are acknowledged again', 20_000, () => acknowledged.length > before + 20);
    isOver = true;
    await withDeadline(Promise.all(work), 20_000, 'the last updates');
    expect(refused.length).toBeGreaterThan(0);
    const { commands } = await insist('the session', () => a.read(name));
    const scripts = await Promise.all(commands.map(({ id }) => readText(b, name, id, 'script')));
    expect(new Set(scripts).size).toBe(scripts.length);
    expect(acknowledged.filter((script) => !scripts.includes(script))).toEqual([]);
    expect(scripts.filter((script) => !acknowledged.includes(script) && !refused.includes(script))).toEqual(
      [],
    );
  });

  test('Redis out of memory: storage_full, no partial writes; updates work again once there is memory', async () => {
    const redis = await startOwnRedis();
    const store = await openOwn(redis);
    await store.create(makeSession());
    await push(store, name, 'echo');
    await append(store, name, 'c1', 'stdout', 0, 'one');
    const session = await store.read(name);
    const keys = async () => (await redis.cli('KEYS', 'remotify:*:*:*')).split('\n').toSorted();
    const keysBefore = await keys();
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
    expect(await refusalOf(push(store, name, 'x'.repeat(3_000_000)))).toBe('storage_full');
    expect(await refusalOf(append(store, name, 'c1', 'stdout', 3, 'two'))).toBe('storage_full');
    // A change without new bytes is accepted, so that a command can still be cancelled or end.
    expect(await refusalOf(store.update(name, count))).toBeUndefined();
    expect(await refusalOf(store.create(makeSession('b'.repeat(64))))).toBe('storage_full');
    expect(await refusalOf(store.check())).toBe('storage_full');
    expect(await store.read(name)).toEqual({ ...session, revision: session.revision + 1 });
    expect(await readText(store, name, 'c1', 'stdout')).toBe('one');
    expect(await keys()).toEqual(keysBefore);
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect(await append(store, name, 'c1', 'stdout', 3, ' two')).toBe(7);
    expect(await push(store, name, 'pwd')).toBe('c2');
    expect(await store.check()).toBeUndefined();
  });

  test('Redis runs out of memory during long output: exactly the acknowledged bytes are there', async () => {
    const redis = await startOwnRedis();
    const store = await openOwn(redis);
    await store.create(makeSession());
    await push(store, name, 'echo');
    const used = Number(/used_memory:(\d+)/.exec(await redis.cli('INFO', 'memory'))?.[1]);
    await redis.cli('CONFIG', 'SET', 'maxmemory', String(used + 3_000_000));
    let end = 0;
    for (let piece = 0; piece < 100; piece += 1) {
      const refusal = await refusalOf(
        append(store, name, 'c1', 'stdout', end, Buffer.alloc(65_536, piece + 1)),
      );
      if (refusal !== undefined) {
        expect(refusal).toBe('storage_full');
        break;
      }
      end += 65_536;
    }
    expect(end).toBeGreaterThan(1_000_000);
    expect(end).toBeLessThan(6_000_000);
    expect((await store.read(name)).commands[0]?.stdoutBytes).toBe(end);
    const bytes = await store.readBytes(name, 'c1', 'stdout', 0, end);
    expect(bytes.length).toBe(end);
    for (let piece = 0; piece * 65_536 < end; piece += 1) expect(bytes[piece * 65_536]).toBe(piece + 1);
  });

  test('SCRIPT FLUSH in Redis: the next calls load the scripts again', async () => {
    const redis = await startOwnRedis();
    const store = await openOwn(redis);
    await store.create(makeSession());
    await store.update(name, count);
    await redis.cli('SCRIPT', 'FLUSH');
    expect((await store.update(name, count)).result).toBe(2);
    await redis.cli('SCRIPT', 'FLUSH');
    expect(await push(store, name, 'echo')).toBe('c1');
    await redis.cli('SCRIPT', 'FLUSH');
    expect(await readText(store, name, 'c1', 'script')).toBe('echo');
  });

  test.each(['kill', 'end'] as const)(
    'Redis ends (%s) and restarts with its append-only file: all acknowledged data is there',
    { timeout: 60_000 },
    async (how) => {
      const redis = await startOwnRedis({ appendOnly: true });
      const store = await openOwn(redis);
      await store.create(makeSession());
      for (let nth = 1; nth <= 20; nth += 1) await push(store, name, `echo ${nth}`);
      await append(store, name, 'c1', 'stdout', 0, 'one');
      const session = await store.read(name);
      await redis[how]();
      expect(await refusalOf(store.update(name, count))).toBe('storage_busy');
      expect(await refusalOf(store.read(name))).toBe('storage_busy');
      expect(await refusalOf(store.check())).toBe('storage_busy');
      await redis.restart();
      expect(await insist('the session', () => store.read(name))).toEqual(session);
      expect((await insist('an update', () => store.update(name, count))).result).toBe(1);
      expect(await readText(store, name, 'c1', 'stdout')).toBe('one');
      await store.check();
    },
  );

  test('a change while the wake channel is disconnected: the watcher wakes after the reconnect', {
    timeout: 60_000,
  }, async () => {
    const redis = await startOwnRedis();
    const proxy = await startOwnProxy(redis);
    const [watching, other] = [await openOwn(proxy), await openOwn(redis)];
    await watching.create(makeSession());
    await watching.read(name);
    let wakes = 0;
    watching.watch(name, () => void (wakes += 1));
    // New connections fail until aim(redis).
    proxy.aim({ port: 1 });
    proxy.cut();
    await other.update(name, count);
    expect(wakes).toBe(0);
    proxy.aim(redis);
    await eventually('the wake after the reconnect', 20_000, () => wakes > 0);
    expect((await insist('the session', () => watching.read(name))).revision).toBe(1);
  });

  test('a half-open connection of the wake channel: the store detects it, reconnects and wakes the watchers', {
    timeout: 90_000,
  }, async () => {
    const redis = await startOwnRedis();
    const proxy = await startOwnProxy(redis);
    // Once isSilent is set, the first PING or SUBSCRIBE makes its connection silent, as if the peer had vanished.
    let isSilent = false;
    proxy.setFate(([word]) => (isSilent && /^(PING|P?SUBSCRIBE)$/i.test(word ?? '') ? 'silent' : 'arrives'));
    const [watching, other] = [await openOwn(proxy), await openOwn(redis)];
    await watching.create(makeSession());
    let wakes = 0;
    watching.watch(name, () => void (wakes += 1));
    isSilent = true;
    await eventually('the silence begins', 20_000, () => proxy.lost() > 0);
    await other.update(name, count);
    isSilent = false;
    await eventually('the wake', 30_000, () => wakes > 0);
  });
});
