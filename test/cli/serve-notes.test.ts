import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { resolveServe } from '../../src/config/resolve-serve.ts';
import { withDeadline } from '../harness/deadline.ts';
import { type ServeProcess, spawnServe, startServe } from '../harness/serve-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

async function start(flags: string[], env: Record<string, string> = {}): Promise<ServeProcess> {
  const relay = await forTest(startServe(['--listen', '0', ...flags], { env }));
  return relay;
}

async function fail(flags: string[], env: Record<string, string> = {}, store?: string) {
  const folder = await forTest(makeTemporaryFolder());
  const relay = spawnServe(folder.path, ['--listen', '0', ...flags], { env, store });
  onTestFinished(() => void relay.child.kill('SIGKILL'));
  const { code } = await withDeadline(relay.closed, 20_000, 'the relay refuses to start');
  return { code, stderr: relay.stderr(), stdout: relay.stdout().toString('utf8') };
}

const unread = {
  NGINX_MODE: 'tls',
  HTTP_PORT: '80',
  HTTPS_PORT: '443',
  PROXY_TIMEOUT: '3600',
  CERTBOT_EMAIL: 'ops@relay.example',
  CERTBOT_STAGING: '1',
};

describe("variables of the original relay's containers", () => {
  test('each variable that is not read: one note with the setting that replaces it', async () => {
    const relay = await start([], unread);
    const lines = relay
      .stderr()
      .split('\n')
      .filter((line) => line.includes('is not read'));
    expect(lines.map((line) => line.split(' ')[1])).toEqual(Object.keys(unread));
    for (const line of lines)
      expect(line).toMatch(/^remotify: [A-Z_]+ is not read: in deploy\/compose\.yaml .*Caddy.*--[a-z-]+/);
    // The values may be private.
    expect(relay.stderr()).not.toContain('ops@relay.example');
  });

  test('with --log json: the notes are JSON objects like all other lines', async () => {
    const relay = await start(['--log', 'json'], unread);
    const lines = relay
      .stderr()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; msg: string });
    expect(
      lines
        .filter(({ msg }) => msg.includes('is not read'))
        .map(({ level, msg }) => [level, msg.split(' ')[0]]),
    ).toEqual(Object.keys(unread).map((name) => ['info', name]));
  });

  test('variables that are read, empty or unknown: no note', async () => {
    const relay = await start([], {
      DOMAIN: 'relay.example',
      SCHEME: 'https',
      PUBLIC_PORT: '8443',
      RATE_LIMIT: '10r/m',
      RATE_LIMIT_BURST: '5',
      MAX_BODY_SIZE: '25m',
      SESSION_TTL: '10800',
      AUDIT_LOG: '0',
      LONGPOLL_MS: '15000',
      NGINX_MODE: '',
      NGINX_PORT: '1',
    });
    expect(relay.stderr()).not.toContain('is not read');
  });

  test('SCHEME and PUBLIC_PORT without DOMAIN: a note', async () => {
    const env = { SCHEME: 'https', PUBLIC_PORT: '8443' };
    const relay = await start([], env);
    for (const name of Object.keys(env))
      expect(relay.stderr()).toContain(
        `remotify: ${name} is not read without DOMAIN: set that too, or use --public-url\n`,
      );
    const other = await start(['--public-url', 'https://relay.example'], env);
    expect(other.stderr()).not.toContain('is not read');
  });
});

/** URLs of an unknown kind of store: the error must show them without the password. */
const hostile = [
  'none://user:s3sam3@host:1/0',
  'none://:s3sam3@host',
  'none://s3sam3@host',
  'none://user:s3s%61m3@host',
  'none://user:x@s3sam3@host',
  'none://host?password=s3sam3',
  'none://user:s3sam3?@host',
  'none:[s3sam3@host',
];

describe('the password in a store URL', () => {
  test.each(hostile)('--store %s: no message has the password, one names the process list', async (url) => {
    const { code, stderr, stdout } = await fail([], {}, url);
    expect(code).toBe(255);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'cannot_serve' } });
    expect(stdout + stderr).not.toMatch(/s3s(a|%61)m3/);
    expect(stderr).toContain('***');
    expect(stderr.match(/the password in --store is in the process list.*REMOTIFY_STORE_FILE/g)).toHaveLength(
      1,
    );
    const json = await fail(['--log', 'json'], {}, url);
    expect(json.stderr).not.toMatch(/s3s(a|%61)m3/);
    for (const line of json.stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
  });

  test.each(hostile)(
    'REMOTIFY_STORE=%s: no message has the password, and no warning of the process list',
    async (url) => {
      const { code, stderr } = await fail([], { REMOTIFY_STORE: url });
      expect(code).toBe(255);
      expect(stderr).not.toMatch(/s3s(a|%61)m3|process list/);
      expect(stderr).toContain('cannot open none:');
    },
  );
});

describe('--durability', () => {
  test.each([['memory:'], ['file:/nowhere/at/all'], ['memory']])(
    '--durability replica with %s: usage error',
    async (store) => {
      const { code, stderr } = await fail(['--durability', 'replica'], {}, store);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(
          /^remotify: error: --durability: "replica" needs a store with a replica, .+\nremotify: hint: write process or power, or use a Redis store.+\n$/,
        ),
      ]);
    },
  );

  test.each(['Replica', 'all', '', 'power ,process', '1'])('--durability %j: usage error', async (word) => {
    const { code, stderr } = await fail([`--durability=${word}`], {}, 'memory:');
    expect([code, stderr]).toEqual([2, expect.stringContaining('hint: write process or replica or power\n')]);
  });

  test('a wrong REMOTIFY_DURABILITY: the error names the variable', async () => {
    const { code, stderr } = await fail([], { REMOTIFY_DURABILITY: 'replica' }, 'memory:');
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('error: REMOTIFY_DURABILITY: "replica" needs'),
    ]);
  });
});

describe('quotas of serve', () => {
  const quotasOf = (store: string, env = {}) => {
    const { bytesPerSession, bytesPerAddress } = resolveServe({ store }, env).quotas;
    return [bytesPerSession / 2 ** 20, bytesPerAddress / 2 ** 20];
  };

  test.each([
    ['file:/srv', [4096, 16_384]],
    ['memory:', [256, 1024]],
    ['redis://host', [256, 1024]],
    ['rediss://host', [256, 1024]],
    ['redis+cluster://a,b', [256, 1024]],
    ['redis+sentinel://a,b/name', [256, 1024]],
  ])('default quotas of the store %s: %j MiB', (store, quotas) => {
    expect(quotasOf(store)).toEqual(quotas);
  });

  test('quotas in the environment: apply to every store', () => {
    const env = { REMOTIFY_SESSION_QUOTA: '2g', REMOTIFY_ADDRESS_QUOTA: '3g' };
    expect(quotasOf('redis://host', env)).toEqual([2048, 3072]);
    expect(quotasOf('file:/srv', env)).toEqual([2048, 3072]);
  });
});

test('the store that serve logs: its URL without the password', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'url');
  await writeFile(path, 'redis://user:s3sam3@host:1\n');
  const { shownStore, storeUrl, notes } = resolveServe({}, { REMOTIFY_STORE_FILE: path });
  expect([shownStore, storeUrl, notes]).toEqual([
    'redis://user:***@host:1',
    'redis://user:s3sam3@host:1',
    [],
  ]);
});
