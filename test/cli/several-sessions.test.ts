import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { asAuto, type Listener, startListener } from '../harness/listener.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { expectFailure } from './expect-failure.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { forTest } from '../harness/for-test.ts';

let relay: Relay;
let client: Client;
const listeners: Listener[] = [];

beforeAll(async () => {
  relay = await startRelay();
  client = await makeClient(relay);
  for (const name of ['left', 'right']) {
    const line = await client.makeSession('--name', name);
    listeners.push(await startListener(asAuto(line), { WHO: name }));
  }
});

afterAll(async () => {
  for (const listener of listeners) await listener.stop();
  await client.remove();
  await relay.stop();
});

const both = ['-s', 'left', '-s', 'right'];

function sortLines(text: string): string[] {
  return text.trimEnd().split('\n').sort();
}

test('exec on two sessions: each line starts with the name of its session, also an unfinished last line', async () => {
  const { text, stderr, exitCode } = await client.run([
    'exec',
    ...both,
    'echo "on $WHO"; echo oh >&2; printf end',
  ]);
  expect(exitCode).toBe(0);
  expect(sortLines(text)).toEqual(['left: end', 'left: on left', 'right: end', 'right: on right']);
  expect(sortLines(stderr)).toEqual(['left: oh', 'remotify: left   0', 'remotify: right  0', 'right: oh']);
});

test('exec on two sessions: the exit status is the worst one', async () => {
  const { exitCode, stderr } = await client.run(['exec', ...both, '[ "$WHO" = left ] || exit 7']);
  expect(exitCode).toBe(7);
  expect(stderr).toContain('remotify: left   0\nremotify: right  7\n');
});

test('exec --all: runs on every stored session', async () => {
  const { text } = await client.run(['exec', '--all', 'echo "on $WHO"']);
  expect(sortLines(text)).toEqual(['left: on left', 'right: on right']);
});

test('an unknown name before or after a known one: 2, and no session runs the command', async () => {
  const trace = join(client.configDir, 'trace');
  const key = '0123456789ABCDEF0123456789ABCDEF';
  const wrong = [
    ['-s', 'left', '-s', 'typo'],
    ['-s', 'typo', '-s', 'left'],
    ['-s', 'left', '-s', 'right', '-s', 'left', '-s', 'Left'],
    ['-s', 'left', '-s', key],
    ['-s', 'left', '-s', ''],
    ['--all', '-s', 'left'],
  ];
  for (const names of wrong) {
    const result = await client.run(['exec', ...names, `touch '${trace}'`]);
    expectFailure(result, 2, /typo|"Left"|malformed key|called ""|--session cannot be used with --all/);
  }
  const json = await client.run(['exec', '--json', '-s', 'left', '-s', 'typo', `touch '${trace}'`]);
  expect(json.exitCode).toBe(2);
  expect(JSON.parse(json.text)).toMatchObject({ error: { code: 'no_such_session' } });
  expect(await client.runJson('status', '-s', 'left')).toMatchObject({ queue_length: 0 });
  expect(await access(trace).catch(() => 'never ran')).toBe('never ran');
});

test('a session named twice, or also by its key: runs the command once, and no key is printed', async () => {
  const { url, sessions } = JSON.parse(await readFile(`${client.configDir}/config.json`, 'utf8')) as {
    url: string;
    sessions: Record<string, { key: string }>;
  };
  expect(url ?? relay.url).toBe(relay.url);
  const key = sessions['left']?.key ?? '';
  const stranger = await forTest(makeClient(relay));
  const twice = await client.run(['exec', '-s', 'left', '-s', key, '-s', 'left', '-s', 'right', 'echo once']);
  expect(sortLines(twice.text)).toEqual(['left: once', 'right: once']);
  const unknown = await stranger.run(['exec', '-s', key, '-s', sessions['right']?.key ?? '', 'echo by key']);
  expect(sortLines(unknown.text.replaceAll(/^[0-9a-f]{4}…/gm, 'KEY'))).toEqual([
    'KEY: by key',
    'KEY: by key',
  ]);
  expect(twice.text + twice.stderr + unknown.text + unknown.stderr).not.toContain(key);
});

test('the reader closes the pipe: exec ends without a stack trace', async () => {
  const script = `exec "$1" "$2" exec -s left -s right 'echo one >&2; sleep 1; echo two >&2' 2>&1 >/dev/null | head -c 3`;
  const env = cleanEnvironment(client.configDir, {
    REMOTIFY_CONFIG_DIR: client.configDir,
    REMOTIFY_URL: relay.url,
  });
  const run = spawnCaptured('bash', ['-o', 'pipefail', '-c', script, 'bash', process.execPath, binaryPath], {
    env,
  });
  const { code } = await withDeadline(run.closed, 20_000, 'exec and its reader end');
  expect(run.stdout().byteLength).toBe(3);
  expect(run.stderr()).toBe('');
  expect(code).not.toBe(1);
});

test('exec --json on two sessions: one object with both results', async () => {
  const { text } = await client.run(['exec', ...both, '--json', 'echo "on $WHO"; exit 3']);
  const { sessions } = JSON.parse(text) as { sessions: Record<string, unknown>[] };
  expect(sessions).toMatchObject([
    { session: 'left', exit_code: 3, exit_status: 3, stdout: 'on left\n', error: null },
    { session: 'right', exit_code: 3, exit_status: 3, stdout: 'on right\n', error: null },
  ]);
});

test('other commands with two sessions: usage error', async () => {
  const { exitCode, stderr } = await client.run(['status', ...both]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('error: only exec takes several sessions');
});
