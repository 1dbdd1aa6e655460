import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { runCli } from '../harness/cli.ts';
import { curl } from '../harness/curl.ts';
import { hasRedis, withoutRedis } from '../harness/redis.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession as makeWireSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { messageOf, openOwn, startOwnRedis } from './redis-kit.ts';
import { makeSession, push } from './store-kit.ts';
import { forTest } from '../harness/for-test.ts';

const { name } = makeSession();

const open = (url: string) => openStore(url, { warn: () => undefined });

/** Runs `remotify serve --store URL`, which is expected to fail. */
async function serve(url: string) {
  const folder = await forTest(makeTemporaryFolder());
  const args = ['serve', '--port', '0', '--store', url];
  return runCli(args, { configDir: folder.path, deadlineMs: 30_000 });
}

/** stderr has one error line and one hint line, no stack and no secret. */
async function expectRefused(url: string, pattern: RegExp): Promise<void> {
  const { exitCode, stderr } = await serve(url);
  expect(stderr).toMatch(/^(?:remotify: (?!error|hint).+\n)*remotify: error: .+\nremotify: hint: .+\n$/);
  expect(stderr).toMatch(pattern);
  expect(stderr).not.toContain('sesame');
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(exitCode).not.toBe(0);
}

describe.skipIf(!hasRedis)(`a Redis that the relay cannot use${withoutRedis}`, { timeout: 60_000 }, () => {
  test('a Redis with data of another remotify format: the relay refuses it and changes nothing', async () => {
    const redis = await startOwnRedis();
    await redis.cli('SET', 'remotify:format', '999 16');
    expect(await messageOf(open(redis.url))).toMatch(/in a format that this version/);
    await expectRefused(redis.url, /in a format that this version/);
    expect(await redis.cli('GET', 'remotify:format')).toBe('999 16');
    expect(await redis.cli('DBSIZE')).toBe('1');
  });

  test('a wrong or missing password: the relay reports it', async () => {
    const redis = await startOwnRedis({ password: 'right' });
    const wrong = redis.url.replace(':right@', ':open-sesame@');
    expect(await messageOf(open(wrong))).toMatch(/password|WRONGPASS/i);
    await expectRefused(wrong, /password/i);
    await expectRefused(redis.url.replace(':right@', ''), /password/i);
    const store = await openOwn(redis);
    await store.create(makeSession());
    expect(await store.has(name)).toBe(true);
  });

  test('a password in the store URL: neither the log nor the metrics contain it', async () => {
    const redis = await startOwnRedis({ password: 'open-sesame' });
    const relay = await forTest(startRelay({ store: redis.url, flags: ['--metrics', '0', '--audit-log'] }));
    await makeWireSession(relay);
    const metrics = await curl([relay.metrics ?? '']);
    expect(relay.stderr()).toContain('127.0.0.1');
    expect(relay.stderr() + relay.stdout() + metrics.text).not.toContain('sesame');
  });

  test('an unknown host, and a port that no server listens on: the error names host or port', async () => {
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
  ])('the invalid URL %s: the relay does not start', async (url) => {
    await expectRefused(url, /store/);
  });

  test('a port of another kind of server: the error names the host', async () => {
    const relay = await forTest(startRelay({ store: 'memory:' }));
    await expectRefused(`redis://:open-sesame@127.0.0.1:${relay.port}`, /127\.0\.0\.1/);
  });

  test.each([
    ['garbage instead of the session', ['m', 'garbage']],
    ['JSON that is no session', ['m', '{"a":1}']],
    ['an empty session', ['m', '']],
    ['a version that is no number', ['v', 'garbage']],
    ['a command that is garbage', ['c1', '{"id":']],
  ] as const)(
    '%s in Redis: requests for this session fail without its text, other sessions still work',
    async (_name, [field, value]) => {
      const redis = await startOwnRedis();
      const relay = await forTest(startRelay({ store: redis.url }));
      const session = await makeWireSession(relay);
      expect((await session.push('echo')).status).toBe(201);
      const other = await makeWireSession(relay);
      const keys = (await redis.cli('KEYS', 'remotify:*:s:*')).split('\n');
      expect(keys).toHaveLength(2);
      const own = await findOwn(relay.url, redis, keys, session.key);
      await redis.cli('HSET', own, field, value);
      // A relay that has the session in memory reads it again.
      await redis.cli('HINCRBY', own, 'v', '1').catch(() => undefined);
      const again = await forTest(startRelay({ store: redis.url }));
      for (const { url } of [again, relay]) {
        for (const [method, path] of [
          ['GET', `/api/session/${session.key}/status`],
          ['GET', `/cmd-${session.key}?nowait=1`],
          ['GET', `/api/session/${session.key}/commands`],
        ] as const) {
          const answer = await curl(['-X', method, `${url}${path}`]);
          // A relay that had the session in memory does not always have to read it again.
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

  test('a store with one damaged session: its other sessions still work', async () => {
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

/** Finds the hash of the session with this key: the one whose version changes when the session is used. */
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
