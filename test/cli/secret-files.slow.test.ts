import { spawnSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { withDeadline } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { spawnServe, startServe } from '../harness/serve-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';

const secret = 'open sesame-4711';

async function setUp(): Promise<{
  client: Client;
  folder: string;
  write: (text: string | Buffer) => Promise<string>;
}> {
  const client = await forTest(makeClient({ url: 'http://127.0.0.1:1' }));
  const folder = client.configDir;
  const write = async (text: string | Buffer): Promise<string> => {
    const path = join(folder, 'secret');
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  return { client, folder, write };
}

const create = async (relay: Relay, token?: string): Promise<number> => {
  const headers = token === undefined ? [] : ['-H', `Authorization: Bearer ${token}`];
  return (await curl(['-X', 'POST', ...headers, `${relay.url}/api/session`])).status;
};

async function start(flags: string[], env: Record<string, string> = {}): Promise<Relay> {
  const relay = await forTest(startRelay({ flags, env }));
  return relay;
}

describe('the token of serve from a file', () => {
  test.each([
    ['no newline', secret],
    ['a newline', `${secret}\n`],
    ['CRLF and a byte order mark', `\ufeff${secret}\r\n`],
  ])('--token-file that ends with %s: the token is required', async (_title, text) => {
    const { write } = await setUp();
    const relay = await start(['--token-file', await write(text)]);
    expect(await create(relay)).toBe(401);
    expect(await create(relay, secret)).toBe(201);
  });

  test('REMOTIFY_SERVE_TOKEN_FILE with a read-only link, as in systemd credentials and Docker secrets: works', async () => {
    const { folder, write } = await setUp();
    const target = await write(`${secret}\n`);
    await chmod(target, 0o400);
    await mkdir(join(folder, 'credentials'));
    const path = join(folder, 'credentials', 'token');
    await symlink(target, path);
    const relay = await start([], { REMOTIFY_SERVE_TOKEN_FILE: path });
    expect(await create(relay)).toBe(401);
    expect(await create(relay, secret)).toBe(201);
    expect(relay.stderr()).not.toContain('sesame');
  });

  test('--token-file with a pipe, as from <(command) in bash: works', async () => {
    const relay = await forTest(
      startServe(['--listen', '0'], {
        before: ['bash', '-c', `exec "$@" --token-file <(echo '${secret}')`, 'bash'],
      }),
    );
    expect((await curl(['-X', 'POST', `${relay.place}/api/session`])).status).toBe(401);
  });

  test('--token takes precedence over REMOTIFY_SERVE_TOKEN_FILE', async () => {
    const { write } = await setUp();
    const relay = await start(['--token', 'typed'], { REMOTIFY_SERVE_TOKEN_FILE: await write(secret) });
    expect(await create(relay, 'typed')).toBe(201);
  });
});

/** Every flag and variable that names a file, with the command that reads it. */
const places: [name: string, args: string[], env: Record<string, string>][] = [
  ['--token-file', ['serve', '--port', '0', '--store', 'memory:', '--token-file', 'FILE'], {}],
  [
    'REMOTIFY_SERVE_TOKEN_FILE',
    ['serve', '--port', '0', '--store', 'memory:'],
    { REMOTIFY_SERVE_TOKEN_FILE: 'FILE' },
  ],
  ['REMOTIFY_STORE_FILE', ['serve', '--port', '0'], { REMOTIFY_STORE_FILE: 'FILE' }],
  ['REMOTIFY_TOKEN_FILE', ['new'], { REMOTIFY_TOKEN_FILE: 'FILE' }],
  ['REMOTIFY_KEY_FILE', ['status'], { REMOTIFY_KEY_FILE: 'FILE' }],
];

describe.each(places)('the file of %s', (name, args, env) => {
  const put = (path: string) => ({
    args: args.map((word) => word.replace('FILE', path)),
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, value.replace('FILE', path)])),
  });
  const fail = async (client: Client, path: string, error: RegExp): Promise<void> => {
    const { args: words, env: variables } = put(path);
    const result = await client.run(words, { env: variables, deadlineMs: 20_000 });
    expectFailure(result, 2, error);
    expect(result.stderr).toContain(`error: ${name}: cannot use "`);
    expect(result.stderr).not.toContain('sesame');
  };

  test('an unusable secret file: the error has its path and the reason, but none of its content', async () => {
    const { client, folder, write } = await setUp();
    await fail(client, join(folder, 'none'), /it does not exist \(ENOENT\)/);
    await fail(client, folder, /it is a folder|it is not a file/);
    await fail(client, '/dev/zero', /it is not a file/);
    await fail(client, await write(''), /it is empty/);
    await fail(client, await write('\n\r\n'), /it is empty/);
    await fail(client, await write(`${secret}\nsesame\n`), /it has more than one line/);
    await fail(client, await write(`${secret}\0`), /it is not text/);
    await fail(client, await write(`${secret}\u001b[2J`), /it is not text/);
    await fail(client, await write(Buffer.from(`${secret}\xff\xfe`, 'latin1')), /it is not text/);
    await fail(client, await write(`sesame${'x'.repeat(64 * 1024)}`), /it is larger than 64 KiB/);
    await symlink(join(folder, 'loop'), join(folder, 'loop'));
    await fail(client, join(folder, 'loop'), /loop \(ELOOP\)/);
  });
});

test.each([
  ['REMOTIFY_SERVE_TOKEN', ['serve', '--port', '0', '--store', 'memory:']],
  ['REMOTIFY_STORE', ['serve', '--port', '0']],
  ['REMOTIFY_TOKEN', ['new']],
  ['REMOTIFY_KEY', ['status']],
])('%s and its _FILE are both set: an error that names both', async (name, args) => {
  const { client, write } = await setUp();
  const env = { [name]: 'memory:', [`${name}_FILE`]: await write(secret) };
  const result = await client.run(args, { env, deadlineMs: 20_000 });
  expectFailure(result, 2, new RegExp(`${name} and ${name}_FILE are both set`));
  expect(result.stderr).not.toContain('sesame');
});

test.each([
  [['--token', secret, '--token-file', '/dev/null'], /--token and --token-file are both given/],
  [['--token', ''], /--token: it is empty/],
  [['--token', '', '--token-file', '/dev/null'], /both given/],
])('serve with %j: usage error', async (flags, error) => {
  const { client } = await setUp();
  const result = await client.run(['serve', '--port', '0', '--store', 'memory:', ...flags], {
    deadlineMs: 20_000,
  });
  expectFailure(result, 2, error);
  expect(result.stderr).not.toContain('sesame');
});

test('REMOTIFY_TOKEN_FILE and REMOTIFY_KEY_FILE: the client reads its token and key', async () => {
  const { client, folder, write } = await setUp();
  const relay = await start(['--token', secret]);
  const env = { REMOTIFY_URL: relay.url };
  const tokenFile = await write(`${secret}\n`);
  const made = await client.run(['new', '--json'], { env: { ...env, REMOTIFY_TOKEN_FILE: tokenFile } });
  expect(made.exitCode).toBe(0);
  const keyFile = join(folder, 'key');
  const { key } = JSON.parse(made.text) as { key: string };
  await writeFile(keyFile, `${key}\n`);
  const other = await forTest(makeClient(relay));
  const status = await other.run(['status', '--json'], { env: { REMOTIFY_KEY_FILE: keyFile } });
  expect([status.exitCode, status.stderr]).toEqual([0, '']);
  await writeFile(keyFile, `${key}0\n`);
  const wrong = await other.run(['status'], { env: { REMOTIFY_KEY_FILE: keyFile } });
  expectFailure(wrong, 2, /malformed key in REMOTIFY_KEY_FILE/);
});

test('REMOTIFY_STORE_FILE: serve reads the store URL', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'store-url');
  await writeFile(path, `file:${folder.path}/store\n`);
  const relay = await forTest(
    startServe(['--listen', '0'], { env: { REMOTIFY_STORE_FILE: path }, store: undefined }),
  );
  expect(relay.stderr()).toContain(`sessions are in file:${folder.path}/store\n`);
});

test('REMOTIFY_STORE_FILE without a store URL: no message has the content', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'store-url');
  for (const text of [
    'sesame4711',
    'sesame:sesame4711@host',
    'http://sesame4711@host',
    'redi://:sesame@host',
  ]) {
    await writeFile(path, text);
    const relay = spawnServe(folder.path, ['--listen', '0'], {
      env: { REMOTIFY_STORE_FILE: path },
      store: undefined,
    });
    onTestFinished(() => void relay.child.kill('SIGKILL'));
    const { code } = await withDeadline(relay.closed, 20_000, 'the relay refuses the store');
    expect([code, relay.stderr()]).toEqual([
      2,
      expect.stringMatching(
        /^remotify: error: REMOTIFY_STORE_FILE: the file does not contain a store URL\nremotify: hint: .+\n$/,
      ),
    ]);
    expect(relay.stderr()).not.toContain('sesame');
  }
});

const isRoot = spawnSync('id', ['-u'], { encoding: 'utf8' }).stdout.trim() === '0';

test.skipIf(isRoot)('a secret file without permission to read it: an error (not as root)', async () => {
  const { client, write } = await setUp();
  const path = await write(secret);
  await chmod(path, 0);
  const result = await client.run(['new'], { env: { REMOTIFY_TOKEN_FILE: path } });
  expectFailure(result, 2, /no permission to read it \(EACCES\)/);
});
