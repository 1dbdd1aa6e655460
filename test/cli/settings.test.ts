import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { runCli } from '../harness/cli.ts';
import { startRelay } from '../harness/relay-process.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();
const other = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

type Made = SessionPayload & { name: string };
type Listed = { sessions: { name: string; current: boolean; url: string }[] };

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

/** Unsets the REMOTIFY_URL that a client of the tests has by default. */
const bare = { REMOTIFY_URL: '' };

describe('config', () => {
  test('config get, set, unset and path', async () => {
    const { run: runWith, configDir } = await setUp();
    const run = (args: string[]) => runWith(args, { env: bare });
    const set = await run(['config', 'set', 'url', 'http://relay.example:8080/']);
    expect(set).toMatchObject({ exitCode: 0, text: '', stderr: '' });
    expect(await run(['config', 'get', 'url'])).toMatchObject({
      exitCode: 0,
      text: 'http://relay.example:8080\n',
    });
    expect(await run(['config', 'unset', 'url'])).toMatchObject({ exitCode: 0, text: '', stderr: '' });
    expect(await run(['config', 'get', 'url'])).toMatchObject({
      exitCode: 0,
      text: 'https://remotify.run\n',
    });
    expect(await run(['config', 'path'])).toMatchObject({ exitCode: 0, text: `${configDir}/config.json\n` });
  });

  test.each([
    ['an unknown setting', ['set', 'colour', 'red']],
    ['a property of every object as the name', ['set', '__proto__', 'x']],
    ['no value', ['set', 'url']],
    ['no name', ['set']],
    ['a value that is not a URL', ['set', 'url', 'relay.example']],
    ['an unknown action', ['change', 'url', 'x']],
  ])('config with %s: 2, and nothing is stored', async (_title, args) => {
    const { run, configDir } = await setUp();
    const result = await run(['config', ...args]);
    expect(result).toMatchObject({ exitCode: 2, text: '' });
    expect(result.stderr).toMatch(/^remotify: error: .+\nremotify: hint: .+\n$/);
    expect(await readdir(configDir)).toEqual([]);
  });
});

describe('the settings file', () => {
  test('the settings file has mode 0600 in a folder of mode 0700, independent of the umask', async () => {
    const { run, configDir } = await setUp();
    const dir = join(configDir, 'new', 'folder');
    const before = process.umask(0);
    try {
      await run(['new', '--config-dir', dir]);
    } finally {
      process.umask(before);
    }
    expect(await modeOf(dir)).toBe('700');
    expect(await modeOf(join(dir, 'config.json'))).toBe('600');
    expect(await readdir(dir)).toEqual(['config.json']);
    expect(await modeOf(join(configDir, 'new'))).toBe('700');
  });

  test('a settings file that others can read: mode 0600 after the next change', async () => {
    const { run, configDir } = await setUp();
    await run(['new']);
    await chmod(join(configDir, 'config.json'), 0o644);
    await run(['new']);
    expect(await modeOf(join(configDir, 'config.json'))).toBe('600');
  });

  test('the path of the settings file: --config-dir, REMOTIFY_CONFIG_DIR, XDG_CONFIG_HOME, HOME', async () => {
    const { configDir } = await setUp();
    const path = async (args: string[], env: Record<string, string>) =>
      (
        await runCli(['config', 'path', ...args], { configDir, env: { REMOTIFY_CONFIG_DIR: '', ...env } })
      ).stdout.toString();
    expect(await path([], { XDG_CONFIG_HOME: '/xdg' })).toBe('/xdg/remotify/config.json\n');
    expect(await path([], { XDG_CONFIG_HOME: '', HOME: '/home/x' })).toBe(
      '/home/x/.config/remotify/config.json\n',
    );
    const env = { XDG_CONFIG_HOME: '/xdg', REMOTIFY_CONFIG_DIR: '/variable' };
    expect(await path([], env)).toBe('/variable/config.json\n');
    expect(await path(['--config-dir', '/flag'], env)).toBe('/flag/config.json\n');
  });

  test('six new at the same time: six names, and no key is lost', { timeout: 60_000 }, async () => {
    const { run, runJson } = await setUp();
    const made = await Promise.all(Array.from({ length: 6 }, () => runJson<Made>('new')));
    const names = made.map(({ name }) => name).toSorted();
    expect(names).toEqual([1, 2, 3, 4, 5, 6].map((number) => `session-${number}`));
    const { sessions } = await runJson<Listed>('list');
    expect(sessions.map(({ name }) => name).toSorted()).toEqual(names);
    expect(sessions.filter(({ current }) => current)).toHaveLength(1);
    // Each name refers to the session that `new` printed with it.
    for (const { name, urls } of made) {
      expect(await run(['end', name])).toMatchObject({ exitCode: 0 });
      const gone = await run(['status', '-s', urls.api.slice(-32)]);
      expect(gone.stderr).toContain('is gone from');
    }
  });

  test('six changes at the same time in a missing folder with missing parents: each succeeds', async () => {
    const { run, configDir } = await setUp();
    const dir = join(configDir, 'a', 'b', 'c');
    const set = ['config', 'set', 'url', 'http://relay.example', '--config-dir', dir];
    const results = await Promise.all(Array.from({ length: 6 }, () => run(set, { env: bare })));
    expect(results.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(results.map(() => [0, '']));
    expect(await readdir(dir)).toEqual(['config.json']);
  });

  test('a lock file left behind by a dead process: removed, and new works', async () => {
    const { run, configDir } = await setUp();
    await mkdir(configDir, { recursive: true });
    const { utimes, writeFile } = await import('node:fs/promises');
    const lock = join(configDir, 'config.lock');
    await writeFile(lock, '999999\n');
    await utimes(lock, new Date(0), new Date(0));
    expect(await run(['new'])).toMatchObject({ exitCode: 0 });
    expect(await readdir(configDir)).toEqual(['config.json']);
  });
});

describe('precedence: flag, environment, stored settings', () => {
  const urlsOf = async ({ runJson }: Client) =>
    (await runJson<Listed>('list')).sessions.map(({ url }) => url);

  test('precedence of the relay address', async () => {
    const client = await setUp();
    await client.run(['config', 'set', 'url', relay.url]);
    await client.run(['new'], { env: bare });
    await client.run(['new'], { env: { REMOTIFY_URL: other.url } });
    await client.run(['new', '--url', relay.url], { env: { REMOTIFY_URL: other.url } });
    await client.run(['--url', other.url, 'new'], { env: bare });
    expect(await urlsOf(client)).toEqual([relay.url, other.url, relay.url, other.url]);
  });

  test('precedence of the session', async () => {
    const client = await setUp();
    const { run, runJson } = client;
    const one = await runJson<Made>('new', '--name', 'one');
    const two = await runJson<Made>('new', '--name', 'two');
    await runJson<Made>('new', '--name', 'three');
    const which = async (args: string[], env: Record<string, string> = {}) =>
      (JSON.parse((await run(['status', '--json', ...args], { env })).text) as { session: string }).session;
    expect(await which([])).toBe('three');
    expect(await which([], { REMOTIFY_KEY: two.key })).toBe('two');
    expect(await which(['-s', 'one'], { REMOTIFY_KEY: two.key })).toBe('one');
    expect(await which(['-s', one.key])).toBe('one');
    expect(await which([], { REMOTIFY_KEY: '' })).toBe('three');
  });

  test('REMOTIFY_KEY and REMOTIFY_URL are enough, and nothing is stored', async () => {
    const { key } = await (await setUp()).runJson<Made>('new');
    const stranger = await setUp();
    const result = await stranger.run(['status', '--json'], { env: { REMOTIFY_KEY: key } });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(result.text)).toMatchObject({ relay: relay.url, session: `${key.slice(0, 4)}…` });
    expect(result.text).not.toContain(key);
    expect(await readdir(stranger.configDir)).toEqual([]);
  });

  test('a stored session stays with its relay after the default relay changes', async () => {
    const client = await setUp();
    await client.run(['new', '--name', 'here']);
    await client.run(['config', 'set', 'url', other.url]);
    expect(await client.runJson('status', '-s', 'here')).toMatchObject({ relay: relay.url });
    expect(await readFile(join(client.configDir, 'config.json'), 'utf8')).toContain(other.url);
  });

  test('REMOTIFY_TOKEN is sent to a relay that requires a token', async () => {
    const guarded = await forTest(startRelay({ flags: ['--token', 'open sesame'] }));
    const client = await setUp();
    const env = { REMOTIFY_URL: guarded.url };
    const refused = await client.run(['new'], { env });
    expect(refused).toMatchObject({ exitCode: 255, text: '' });
    expect(refused.stderr).toMatch(/^remotify: error: .*token.*\nremotify: hint: .*REMOTIFY_TOKEN.*\n$/);
    const wrong = await client.run(['new'], { env: { ...env, REMOTIFY_TOKEN: 'open wheat' } });
    expect(wrong.exitCode).toBe(255);
    expect(wrong.stderr).not.toContain('wheat');
    expect(await client.run(['new'], { env: { ...env, REMOTIFY_TOKEN: 'open sesame' } })).toMatchObject({
      exitCode: 0,
    });
  });
});
