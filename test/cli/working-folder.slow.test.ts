import { mkdir, symlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderChangeDirectory } from '../../src/protocol/render-change-directory.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Remote, startRemote } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

// `exec --cwd DIR`: a folder on the remote, where `~` is its home directory.

let relay: Relay;
let remote: Remote;
let home: string;
let cleanUp: () => Promise<void>;

const folders = ['x', 'x y', "it's", '"q"', '$HOME', '-', '-P', '~', 'a\nb', 'ünï', '*', 'deep/er'];

beforeAll(async () => {
  relay = await startRelay();
  const folder = await makeTemporaryFolder();
  cleanUp = folder.remove;
  home = join(folder.path, 'home');
  for (const name of folders) await mkdir(join(home, name), { recursive: true });
  // With CDPATH, `cd` would look for a relative folder here first.
  await mkdir(join(folder.path, 'elsewhere/x'), { recursive: true });
  await symlink(join(home, 'x'), join(home, 'link'));
  remote = await startRemote(relay, { HOME: home, CDPATH: join(folder.path, 'elsewhere') });
});

afterAll(async () => {
  await remote?.stop();
  await relay?.stop();
  await cleanUp?.();
});

const showFolder = 'printf "%s|" "$PWD"';

describe('--cwd below a home directory', () => {
  test.each([
    ['~', ''],
    ['~/', '/'],
    ...folders.map((name) => [`~/${name}`, `/${name}`]),
    ['~/link', '/link'],
    ['~//x', '/x'],
  ])('--cwd %j: that folder below the home directory of the remote', async (cwd, under) => {
    const result = await remote.run(['exec', '--cwd', cwd, showFolder], { env: { HOME: '/nowhere' } });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.text.replaceAll('//', '/')).toBe(`${join(home, under).replace(/\/$/, '')}|`);
  });

  test('--cwd ~USER: the home directory of that user', async () => {
    const { username, homedir } = userInfo();
    expect(await remote.run(['exec', '--cwd', `~${username}`, showFolder])).toMatchObject({
      exitCode: 0,
      text: `${homedir}|`,
    });
  });

  test('--cwd ~USER of an unknown user: status 1, the command does not run', async () => {
    const result = await remote.run(['exec', '--cwd', '~no-such-user/x', 'echo ran']);
    expect(result).toMatchObject({ exitCode: 1, text: '' });
    expect(result.stderr).toContain('~no-such-user/x: No such file or directory');
  });
});

describe('--cwd with a relative folder', () => {
  test.each([...folders.filter((name) => name !== '~'), './~', './x', '../home/x'])(
    '--cwd %j: that folder below the folder of the listener',
    async (cwd) => {
      const script = renderChangeDirectory(cwd) + showFolder;
      const result = await remote.run(['exec', '--cwd', '~', script]);
      expect(result).toMatchObject({ exitCode: 0, stderr: '', text: `${join(home, cwd)}|` });
    },
  );

  test('--cwd -: a folder of that name, never the previous folder as in cd', async () => {
    const result = await remote.run(['exec', '--env', 'OLDPWD=/', '--cwd', '-', 'echo ran']);
    expect(result).toMatchObject({ exitCode: 1, text: '' });
  });
});

test('--cwd with an empty value: a usage error, nothing is pushed', async () => {
  const result = await remote.run(['exec', '--cwd', '', 'echo ran']);
  expect(result).toMatchObject({ exitCode: 2, text: '' });
  expect(result.stderr).toMatch(/^remotify: error: --cwd is empty\nremotify: hint: .+\n$/);
});
