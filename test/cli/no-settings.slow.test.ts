import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { makeClient } from '../harness/client.ts';
import { withDeadline } from '../harness/deadline.ts';
import { waitForState } from '../harness/remote.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';
import { readSession } from '../harness/remote.ts';

// With REMOTIFY_URL and REMOTIFY_KEY no settings are needed: unreadable ones must not cause an error.

const relay = useRelay();
const remote = useRemote(relay);
let key: string;
beforeAll(async () => {
  ({ key } = await readSession(remote.configDir));
});

/** root may read every file, so the command runs without that capability. */
const withoutRights = [
  'setpriv',
  '--inh-caps=-dac_override,-dac_read_search',
  '--bounding-set=-dac_override,-dac_read_search',
];
const isRoot = process.getuid?.() === 0;
const canBeRefused = !isRoot || spawnSync('setpriv', [...withoutRights.slice(1), 'true']).status === 0;

type Place = { env: Record<string, string>; isRefused?: boolean };

/** Locations of the settings, and why they cannot be read. */
const places: [title: string, make: (folder: string) => Promise<Place>][] = [
  [
    'a file without permission to read it (EACCES)',
    async (folder) => {
      await writeFile(join(folder, 'config.json'), '{}', { mode: 0 });
      return { env: { REMOTIFY_CONFIG_DIR: folder }, isRefused: true };
    },
  ],
  [
    'a folder without permission to enter it',
    async (folder) => {
      await mkdir(join(folder, 'closed'), { mode: 0 });
      onTestFinished(() => chmod(join(folder, 'closed'), 0o700));
      return { env: { REMOTIFY_CONFIG_DIR: join(folder, 'closed', 'x') }, isRefused: true };
    },
  ],
  [
    'broken JSON',
    async (folder) => {
      await writeFile(join(folder, 'config.json'), '{"sessions": ');
      return { env: { REMOTIFY_CONFIG_DIR: folder } };
    },
  ],
  [
    'an array of JSON',
    async (folder) => {
      await writeFile(join(folder, 'config.json'), '[1]');
      return { env: { REMOTIFY_CONFIG_DIR: folder } };
    },
  ],
  [
    'a folder instead of the file',
    async (folder) => {
      await mkdir(join(folder, 'config.json'));
      return { env: { REMOTIFY_CONFIG_DIR: folder } };
    },
  ],
  [
    'a link to itself',
    async (folder) => {
      await symlink('loop', join(folder, 'loop'));
      return { env: { REMOTIFY_CONFIG_DIR: join(folder, 'loop') } };
    },
  ],
  [
    'a path that is too long',
    (folder) => Promise.resolve({ env: { REMOTIFY_CONFIG_DIR: join(folder, 'x'.repeat(300)) } }),
  ],
  ['HOME is /nonexistent', () => Promise.resolve({ env: { HOME: '/nonexistent' } })],
  ['HOME is not set', () => Promise.resolve({ env: { HOME: '' } })],
  ['HOME is a file', () => Promise.resolve({ env: { HOME: binaryPath } })],
  ['HOME is /proc', () => Promise.resolve({ env: { HOME: '/proc' } })],
  [
    'HOME is read-only',
    async (folder) => {
      await mkdir(join(folder, 'home'), { mode: 0o500 });
      return { env: { HOME: join(folder, 'home') }, isRefused: true };
    },
  ],
];

type Result = { exitCode: number | null; text: string; stderr: string };

async function run(
  args: string[],
  { env, isRefused }: Place,
  extra: Record<string, string>,
): Promise<Result> {
  const [program = '', ...words] = [
    ...(isRefused && isRoot ? withoutRights : []),
    process.execPath,
    binaryPath,
    ...args,
  ];
  const { XDG_CONFIG_HOME: _own, ...clean } = cleanEnvironment('/nonexistent');
  const cli = spawnCaptured(program, words, { env: { ...clean, ...env, ...extra } });
  onTestFinished(() => void cli.child.kill('SIGKILL'));
  const { code } = await withDeadline(cli.closed, 30_000, `remotify ${args.join(' ')}`);
  return { exitCode: code, text: cli.stdout().toString(), stderr: cli.stderr() };
}

describe.each(places)('unreadable settings: %s', (_title, make) => {
  async function setUp(): Promise<Place | undefined> {
    const folder = await forTest(makeTemporaryFolder());
    const place = await make(folder.path);
    return place.isRefused && !canBeRefused ? undefined : place;
  }

  test.skipIf(!canBeRefused)(
    'REMOTIFY_URL and REMOTIFY_KEY are set: commands work, and write nothing',
    async () => {
      const place = await setUp();
      if (!place) return;
      const env = { REMOTIFY_URL: relay.url, REMOTIFY_KEY: key };
      expect(await run(['exec', 'echo out; exit 3'], place, env)).toEqual({
        exitCode: 3,
        text: 'out\n',
        stderr: '',
      });
      for (const args of [['status'], ['logs'], ['history'], ['reset'], ['cancel'], ['config', 'get', 'url']])
        expect(await run(args, place, env), args.join(' ')).toMatchObject({ exitCode: 0 });
    },
  );

  test.skipIf(!canBeRefused)('--url and -s: exec and status work', async () => {
    const place = await setUp();
    if (!place) return;
    const flags = ['--url', relay.url, '-s', key];
    expect(await run(['exec', ...flags, 'echo out'], place, {})).toMatchObject({
      exitCode: 0,
      text: 'out\n',
    });
    expect(await run(['status', ...flags], place, {})).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('only commands that need the settings fail', () => {
  test.skipIf(!canBeRefused).each([
    ['a file without permission', /cannot read \/.*config\.json: permission denied \(EACCES\)/],
    ['broken JSON', /config\.json is not valid JSON/],
  ])('%s: commands that need it fail, others work', async (title, error) => {
    const folder = await forTest(makeTemporaryFolder());
    const isRefused = title.includes('permission');
    await writeFile(join(folder.path, 'config.json'), '{"a', { mode: isRefused ? 0 : 0o600 });
    const place = { env: { REMOTIFY_CONFIG_DIR: folder.path }, isRefused };
    const env = { REMOTIFY_URL: relay.url };
    for (const args of [
      ['status'],
      ['list'],
      ['new'],
      ['use', 'prod'],
      ['exec', 'true'],
      ['status', '-s', 'prod'],
    ])
      expectFailure(await run(args, place, env), 255, error);
    for (const args of [
      ['config', 'path'],
      ['config', 'get', 'url'],
      ['completion', 'bash'],
      ['--help'],
      ['list', '--help'],
    ])
      expect(await run(args, place, env), args.join(' ')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await readdir(folder.path)).toEqual(['config.json']);
  });

  test('end with a key in the environment: no settings are created', async () => {
    const client = await forTest(makeClient(relay));
    const made = await client.runJson<SessionPayload>('new');
    const place = { env: { HOME: '/proc' } };
    expect(await run(['end'], place, { REMOTIFY_URL: relay.url, REMOTIFY_KEY: made.key })).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^remotify: session [0-9a-f]{4}… ended\n$/),
    });
  });
});

test('readable settings: a stored key in the environment is shown by its name', async () => {
  const shown = await remote.run(['status', '--json'], { env: { REMOTIFY_KEY: key } });
  expect(JSON.parse(shown.text)).toMatchObject({ session: 'session-1' });
  await waitForState(remote, 'the listener is still connected', (state) => state.listener?.attached === true);
});
