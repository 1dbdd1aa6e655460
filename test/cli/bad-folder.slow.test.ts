import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';

// If a folder cannot be created, the command fails with an error. Node's own recursive mkdir would never return in /proc.

const deadlineMs = 10_000;

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient({ url: 'http://127.0.0.1:1' }));
  return client;
}

/** Only HOME determines the folders. */
const homeAt = (home: string): Record<string, string> => ({
  HOME: home,
  REMOTIFY_CONFIG_DIR: '',
  XDG_CONFIG_HOME: '',
  XDG_STATE_HOME: '',
});

/** Each command that creates a folder: its arguments, and the start of its error. */
const commands = (place: string): [args: string[], error: RegExp][] => [
  [['new', '--url', 'http://127.0.0.1:1'], /error: cannot create the folder \//],
  [['new', '--name', 'one', '--auto', '--json'], /error: cannot create the folder \//],
  // exec reads the settings before it creates a session.
  [['exec', 'true'], /error: cannot (read|create the folder) \//],
  [['config', 'set', 'url', 'http://relay.example'], /error: cannot create the folder \//],
  [['config', 'unset', 'url'], /error: cannot create the folder \//],
  [['serve', '--port', '0'], /error: cannot open file:\//],
  [['serve', '--port', '0', '--store', `file:${place}/store`], /error: cannot open file:\//],
  [['serve', '--port', '0', '--durability', 'power'], /error: cannot open file:\//],
];

const long = 'x'.repeat(256);

test.each<[title: string, place: (folder: string) => string, code: RegExp]>([
  ['/proc', () => '/proc', /\(E[A-Z]+\)/],
  ['a folder that is missing in /proc', () => '/proc/x', /\(E[A-Z]+\)/],
  ['a process in /proc', () => '/proc/self', /\(E[A-Z]+\)/],
  ['the open files of a process', () => '/proc/self/fd', /\(E[A-Z]+\)/],
  ['the settings of the kernel', () => '/proc/sys/kernel', /\(E[A-Z]+\)/],
  ['a folder that is missing in /sys', () => '/sys/x', /\(E[A-Z]+\)/],
  ['below a device', () => '/dev/null/x', /\(ENOTDIR\)/],
  ['a file instead of a folder', (folder) => join(folder, 'file'), /\(ENOTDIR\)/],
  ['below a file', (folder) => join(folder, 'file', 'a', 'b'), /\(ENOTDIR\)/],
  ['a dangling link', (folder) => join(folder, 'nowhere'), /\(EEXIST\)/],
  ['a link to itself', (folder) => join(folder, 'loop'), /\(ELOOP\)/],
  ['a name of 256 characters', (folder) => join(folder, long), /\(ENAMETOOLONG\)/],
  ['a name of 256 characters far down', (folder) => join(folder, 'a', 'b', long, 'c'), /\(ENAMETOOLONG\)/],
  ['a path of 5000 characters', (folder) => join(folder, 'x/'.repeat(2500)), /\(ENAMETOOLONG\)/],
])('%s: each command ends with an error', async (_title, placeIn, code) => {
  const { run, configDir } = await setUp();
  await writeFile(join(configDir, 'file'), '');
  await symlink('nothing/there', join(configDir, 'nowhere'));
  await symlink('loop', join(configDir, 'loop'));
  const place = placeIn(configDir);
  for (const [args, error] of commands(place)) {
    const result = await run(args, { env: homeAt(place), deadlineMs });
    expectFailure(result, 255, error);
    expect(result.stderr).toMatch(code);
    expect(result.stderr).toContain(place.slice(0, 100));
  }
});

describe('--config-dir or --store is not a usable folder', () => {
  test.each([
    ['a file', 'file', /\(EEXIST\)/],
    ['a dangling link', 'nowhere', /\(EEXIST\)/],
    ['a folder in /proc', '/proc/x', /\(E[A-Z]+\)/],
  ])('%s: new, exec, config and serve fail', async (_title, name, code) => {
    const { run, configDir } = await setUp();
    await writeFile(join(configDir, 'file'), '');
    await symlink('nothing/there', join(configDir, 'nowhere'));
    const path = name.startsWith('/') ? name : join(configDir, name);
    for (const args of [['new'], ['exec', 'true'], ['config', 'set', 'url', 'http://relay.example']])
      expectFailure(await run(['--config-dir', path, ...args], { deadlineMs }), 255, code);
    const serve = ['serve', '--port', '0', '--store', `file:${path}`];
    expectFailure(await run(serve, { deadlineMs }), 255, code);
  });
});

/** root may write to read-only folders, so the command runs without that capability. */
const withoutRights = ['setpriv', '--inh-caps=-dac_override', '--bounding-set=-dac_override'];
const isRoot = process.getuid?.() === 0;
const canBeRefused = !isRoot || spawnSync('setpriv', [...withoutRights.slice(1), 'true']).status === 0;

test.skipIf(!canBeRefused)('a read-only folder: each command ends with an error', async () => {
  const { configDir } = await setUp();
  const place = join(configDir, 'read-only');
  await mkdir(place, { mode: 0o500 });
  onTestFinished(() => chmod(place, 0o700));
  const used: [args: string[], error: RegExp][] = [
    [['--config-dir', place, 'new'], /error: cannot write to \//],
    [['--config-dir', place, 'config', 'set', 'url', 'http://relay.example'], /error: cannot write to \//],
    [['serve', '--port', '0', '--store', `file:${place}`], /error: cannot open file:\//],
  ];
  for (const [args, error] of [...commands(place), ...used]) {
    const [program = '', ...words] = [
      ...(isRoot ? withoutRights : []),
      process.execPath,
      binaryPath,
      ...args,
    ];
    const env = cleanEnvironment(configDir, { ...homeAt(place), REMOTIFY_URL: 'http://127.0.0.1:1' });
    const cli = spawnCaptured(program, words, { env });
    try {
      const { code } = await withDeadline(cli.closed, deadlineMs, `remotify ${args.join(' ')}`);
      const result = { exitCode: code, text: cli.stdout().toString(), stderr: cli.stderr() };
      expectFailure(result, 255, error);
      expect(result.stderr).toContain('(EACCES)');
    } finally {
      if (cli.isRunning()) cli.child.kill('SIGKILL');
    }
  }
  expect(await readdir(place)).toEqual([]);
});

test('a store with a relative path and --durability power: the relay starts', async () => {
  const { configDir } = await setUp();
  const before = process.cwd();
  process.chdir(configDir);
  onTestFinished(() => process.chdir(before));
  await forTest(startRelay({ store: 'file:s', flags: ['--durability', 'power'] }));
  expect(await readdir(join(configDir, 's'))).toContain('journal');
});
