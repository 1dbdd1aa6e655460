import { mkdir, symlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderChangeDirectory } from '../../src/protocol/render-change-directory.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Remote, startRemote } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

// `exec --cwd DIR`: the folder of the remote, `~` included.

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
  // Where `cd` would look for a relative folder first.
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

describe('the home of the remote', () => {
  test.each([
    ['~', ''],
    ['~/', '/'],
    ...folders.map((name) => [`~/${name}`, `/${name}`]),
    ['~/link', '/link'],
    ['~//x', '/x'],
  ])('--cwd %j is its folder', async (cwd, under) => {
    const result = await remote.run(['exec', '--cwd', cwd, showFolder], { env: { HOME: '/nowhere' } });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.text.replaceAll('//', '/')).toBe(`${join(home, under).replace(/\/$/, '')}|`);
  });

  test('--cwd ~USER is the home of that user', async () => {
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

describe('a relative folder', () => {
  test.each([...folders.filter((name) => name !== '~'), './~', './x', '../home/x'])(
    '--cwd %j is below the folder of the listener',
    async (cwd) => {
      const script = renderChangeDirectory(cwd) + showFolder;
      const result = await remote.run(['exec', '--cwd', '~', script]);
      expect(result).toMatchObject({ exitCode: 0, stderr: '', text: `${join(home, cwd)}|` });
    },
  );

  test('--cwd -: never the folder before, whose name cd would print', async () => {
    const result = await remote.run(['exec', '--env', 'OLDPWD=/', '--cwd', '-', 'echo ran']);
    expect(result).toMatchObject({ exitCode: 1, text: '' });
  });
});

test('--cwd with an empty value: a usage error, nothing is pushed', async () => {
  const result = await remote.run(['exec', '--cwd', '', 'echo ran']);
  expect(result).toMatchObject({ exitCode: 2, text: '' });
  expect(result.stderr).toMatch(/^remotify: error: --cwd is empty\nremotify: hint: .+\n$/);
});
