import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// `remotify config`: the settings in effect, and the source of each.

const relay = useRelay();

type Shown = Record<string, { value: string | null; source: string }>;

const bare = { REMOTIFY_URL: '' };

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

async function readAll({ run }: Client, env: Record<string, string>, ...args: string[]): Promise<Shown> {
  const { exitCode, text, stderr } = await run(['config', '--json', ...args], { env });
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(text) as Shown;
}

test('nothing is set: config lists the defaults', async () => {
  const client = await setUp();
  expect(await readAll(client, bare)).toEqual({
    url: { value: 'https://remotify.run', source: 'default' },
    session: { value: null, source: 'default' },
    session_url: { value: null, source: 'default' },
    token: { value: 'not set', source: 'default' },
    wait: { value: '10m', source: 'default' },
    timeout: { value: null, source: 'default' },
    proxy: { value: null, source: 'default' },
    config_dir: { value: client.configDir, source: 'REMOTIFY_CONFIG_DIR' },
  });
  const { text } = await client.run(['config'], { env: bare });
  expect(text).toMatch(/^url +https:\/\/remotify\.run +\(default\)\nsession +none +\(default\)\n/);
});

test('the settings file sets url, the current session and its relay', async () => {
  const client = await setUp();
  await client.makeSession('--name', 'prod');
  await client.run(['config', 'set', 'url', 'http://relay.example/']);
  expect(await readAll(client, bare)).toMatchObject({
    url: { value: 'http://relay.example', source: 'settings file' },
    session: { value: 'prod', source: 'settings file' },
    session_url: { value: relay.url, source: 'settings file' },
  });
});

test('variables override the settings file, and each is named as the source', async () => {
  const client = await setUp();
  const { key } = await client.runJson<SessionPayload>('new', '--name', 'prod');
  await client.makeSession('--name', 'other');
  const env = {
    REMOTIFY_URL: 'http://variable.example',
    REMOTIFY_KEY: key,
    REMOTIFY_TOKEN: 'open sesame',
    REMOTIFY_WAIT: '30s',
    REMOTIFY_TIMEOUT: '2h',
    http_proxy: 'http://user:hunter2@proxy.example:3128',
  };
  const shown = await readAll(client, env);
  expect(shown).toMatchObject({
    url: { value: 'http://variable.example', source: 'REMOTIFY_URL' },
    session: { value: 'prod', source: 'REMOTIFY_KEY' },
    session_url: { value: 'http://variable.example', source: 'REMOTIFY_URL' },
    token: { value: 'set', source: 'REMOTIFY_TOKEN' },
    wait: { value: '30s', source: 'REMOTIFY_WAIT' },
    timeout: { value: '2h', source: 'REMOTIFY_TIMEOUT' },
    proxy: { value: 'http://proxy.example:3128', source: 'http_proxy' },
  });
  for (const secret of [key, 'sesame', 'hunter2']) expect(JSON.stringify(shown)).not.toContain(secret);
});

test('secrets in files: the source is the variable that names the file', async () => {
  const client = await setUp();
  const { key } = await client.runJson<SessionPayload>('new');
  const [keyFile, tokenFile] = [join(client.configDir, 'key'), join(client.configDir, 'token')];
  await writeFile(keyFile, `${key}\n`);
  await writeFile(tokenFile, 'secret\n');
  expect(await readAll(client, { REMOTIFY_KEY_FILE: keyFile, REMOTIFY_TOKEN_FILE: tokenFile })).toMatchObject(
    {
      session: { source: 'REMOTIFY_KEY_FILE' },
      token: { value: 'set', source: 'REMOTIFY_TOKEN_FILE' },
    },
  );
});

test('flags override variables, and a key is truncated', async () => {
  const client = await setUp();
  const key = '0123456789abcdef0123456789abcdef';
  const dir = join(client.configDir, 'other');
  const args = ['--url', 'http://flag.example', '-s', key, '--config-dir', dir];
  expect(await readAll(client, { REMOTIFY_KEY: key.replace('0', '1') }, ...args)).toMatchObject({
    url: { value: 'http://flag.example', source: '--url' },
    session: { value: '0123…', source: '-s' },
    session_url: { value: 'http://flag.example', source: '--url' },
    config_dir: { value: dir, source: '--config-dir' },
  });
});

describe('config get NAME prints only the value in effect', () => {
  test.each([
    ['url', 'https://remotify.run\n'],
    ['session', ''],
    ['token', 'not set\n'],
    ['wait', '10m\n'],
    ['timeout', ''],
  ])('config get %s', async (name, value) => {
    const { run } = await setUp();
    expect(await run(['config', 'get', name], { env: bare })).toMatchObject({
      exitCode: 0,
      text: value,
      stderr: '',
    });
  });

  test('config get --json: the value and its source', async () => {
    const client = await setUp();
    expect(await client.runJson('config', 'get', 'url')).toEqual({ url: relay.url, source: 'REMOTIFY_URL' });
  });

  test('config get with an unknown name: 2', async () => {
    const { run } = await setUp();
    const { exitCode, stderr } = await run(['config', 'get', 'colour']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/no such setting: "colour"\nremotify: hint: settings: url, session, /);
  });
});

test('set while REMOTIFY_URL is set: stored, and a note that the variable takes precedence', async () => {
  const { run } = await setUp();
  const set = await run(['config', 'set', 'url', 'http://relay.example']);
  expect(set).toMatchObject({ exitCode: 0, stderr: 'remotify: REMOTIFY_URL is set and takes precedence\n' });
  expect((await run(['config', 'get', 'url'])).text).toBe(`${relay.url}\n`);
  expect((await run(['config', 'get', 'url'], { env: bare })).text).toBe('http://relay.example\n');
});

test('XDG_CONFIG_HOME sets the folder: it is the source of config_dir', async () => {
  const client = await setUp();
  await mkdir(join(client.configDir, 'xdg'));
  const env = { REMOTIFY_CONFIG_DIR: '', XDG_CONFIG_HOME: join(client.configDir, 'xdg') };
  expect((await readAll(client, env))['config_dir']).toEqual({
    value: join(client.configDir, 'xdg', 'remotify'),
    source: 'XDG_CONFIG_HOME',
  });
});
