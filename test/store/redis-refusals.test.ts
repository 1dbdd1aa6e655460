import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { runCli } from '../harness/cli.ts';
import { curl } from '../harness/curl.ts';
import { hasRedis, withoutRedis } from '../harness/redis.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession as makeWireSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { messageOf, openOwn, startOwnRedis } from './redis-kit.ts';
import { makeSession, push } from './store-kit.ts';

const { name } = makeSession();

const open = (url: string) => openStore(url, { warn: () => undefined });

/** `remotify serve --store URL`, which cannot start. */
async function serve(url: string) {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const args = ['serve', '--port', '0', '--store', url];
  return runCli(args, { configDir: folder.path, deadlineMs: 30_000 });
}

/** Error and hint, one line each; no stack and no secret. */
async function expectRefused(url: string, pattern: RegExp): Promise<void> {
  const { exitCode, stderr } = await serve(url);
  expect(stderr).toMatch(/^(?:remotify: (?!error|hint).+\n)*remotify: error: .+\nremotify: hint: .+\n$/);
  expect(stderr).toMatch(pattern);
  expect(stderr).not.toContain('sesame');
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(exitCode).not.toBe(0);
}

describe.skipIf(!hasRedis)(`what is no Redis for a relay${withoutRedis}`, { timeout: 60_000 }, () => {
  test('a Redis with another format of Remotify in it is refused, and left as it is', async () => {
    const redis = await startOwnRedis();
    await redis.cli('SET', 'remotify:format', '999 16');
    expect(await messageOf(open(redis.url))).toMatch(/in a format that this version/);
    await expectRefused(redis.url, /in a format that this version/);
    expect(await redis.cli('GET', 'remotify:format')).toBe('999 16');
    expect(await redis.cli('DBSIZE')).toBe('1');
  });

  test('a wrong password, and none where one is needed', async () => {
    const redis = await startOwnRedis({ password: 'right' });
    const wrong = redis.url.replace(':right@', ':open-sesame@');
    expect(await messageOf(open(wrong))).toMatch(/password|WRONGPASS/i);
    await expectRefused(wrong, /password/i);
    await expectRefused(redis.url.replace(':right@', ''), /password/i);
    const store = await openOwn(redis);
    await store.create(makeSession());
    expect(await store.has(name)).toBe(true);
  });

  test('a relay with a password in its store URL: neither its log nor its page of metrics tells it', async () => {
    const redis = await startOwnRedis({ password: 'open-sesame' });
    const relay = await startRelay({ store: redis.url, flags: ['--metrics', '0', '--audit-log'] });
    onTestFinished(relay.stop);
    await makeWireSession(relay);
    const metrics = await curl([relay.metrics ?? '']);
    expect(relay.stderr()).toContain('127.0.0.1');
    expect(relay.stderr() + relay.stdout() + metrics.text).not.toContain('sesame');
  });

  test('a host that does not exist, and a port where nothing listens', async () => {
    await expectRefused('redis://:open-sesame@no-such-host.invalid:6379', /no-such-host\.invalid/);
    await expectRefused('redis://:open-sesame@127.0.0.1:1', /127\.0\.0\.1:1/);
  });

  test.each([
    'redis+foo://127.0.0.1',
    'redis:',
    'redis://',
    'redis://127.0.0.1:99999',
    'redis://127.0.0.1:1/x',
    'valkey:127',
  ])('the URL %s', async (url) => {
    await expectRefused(url, /store/);
  });

  test('a port where something else listens', async () => {
    const relay = await startRelay({ store: 'memory:' });
    onTestFinished(relay.stop);
    await expectRefused(`redis://:open-sesame@127.0.0.1:${relay.port}`, /127\.0\.0\.1/);
  });

  test.each([
    ['garbage where the session is', ['m', 'garbage']],
    ['JSON that is no session', ['m', '{"a":1}']],
    ['no session at all', ['m', '']],
    ['a version that is no number', ['v', 'garbage']],
    ['a command that is garbage', ['c1', '{"id":']],
  ] as const)(
    '%s: the request is refused, the relay goes on, and tells no text of it',
    async (_name, [field, value]) => {
      const redis = await startOwnRedis();
      const relay = await startRelay({ store: redis.url });
      onTestFinished(relay.stop);
      const session = await makeWireSession(relay);
      expect((await session.push('echo')).status).toBe(201);
      const other = await makeWireSession(relay);
      const keys = (await redis.cli('KEYS', 'remotify:*:s:*')).split('\n');
      expect(keys).toHaveLength(2);
      const own = await findOwn(relay.url, redis, keys, session.key);
      await redis.cli('HSET', own, field, value);
      // Whoever had it in memory reads it anew.
      await redis.cli('HINCRBY', own, 'v', '1').catch(() => undefined);
      const again = await startRelay({ store: redis.url });
      onTestFinished(again.stop);
      for (const { url } of [again, relay]) {
        for (const [method, path] of [
          ['GET', `/api/session/${session.key}/status`],
          ['GET', `/cmd-${session.key}?nowait=1`],
          ['GET', `/api/session/${session.key}/commands`],
        ] as const) {
          const answer = await curl(['-X', method, `${url}${path}`]);
          // A relay that had it in memory is not always asked to read it again.
          expect(
            url === again.url ? [410, 500, 503] : [200, 204, 410, 500, 503],
            `${method} ${path}: ${answer.status} ${answer.text}`,
          ).toContain(answer.status);
          expect(answer.text).not.toMatch(/garbage|JSON|redis|\bat /i);
        }
        const healthy = await curl([`${url}/api/session/${other.key}/status`]);
        expect(healthy.status).toBe(200);
      }
    },
  );

  test('a store whose session is garbage: its other sessions can be used', async () => {
    const redis = await startOwnRedis();
    const store = await openOwn(redis);
    await store.create(makeSession());
    const [key = ''] = (await redis.cli('KEYS', 'remotify:*:s:*')).split('\n');
    await redis.cli('HSET', key, 'm', 'garbage', 'v', '77');
    await expect(store.read(name)).rejects.toThrow();
    const other = makeSession('b'.repeat(64));
    await store.create(other);
    expect(await push(store, other.name, 'echo')).toBe('c1');
  });
});

/** The hash of the session with this key, among those that there are: the one that changes when it is used. */
async function findOwn(
  url: string,
  redis: { cli: (...args: string[]) => Promise<string> },
  keys: readonly string[],
  sessionKey: string,
): Promise<string> {
  const versions = () => Promise.all(keys.map((key) => redis.cli('HGET', key, 'v')));
  const before = await versions();
  await curl(['--data-binary', 'echo more', `${url}/cmd-${sessionKey}`]);
  const after = await versions();
  const at = before.findIndex((version, nth) => version !== after[nth]);
  const own = keys[at];
  if (own === undefined) throw new Error('no hash of a session changed');
  return own;
}
