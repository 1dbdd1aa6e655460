import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// The cache of compiled code: used only if no other user can have written it. Commands also work if it is damaged.

let home: string;
beforeEach(async () => {
  const folder = await makeTemporaryFolder();
  home = folder.path;
  return folder.remove;
});

const cacheFolder = (): string => join(home, 'cache', 'remotify', 'compiled');

async function run(
  words: readonly string[],
  env: Record<string, string | undefined> = {},
  binary = binaryPath,
): Promise<string> {
  const all = Object.entries({ ...cleanEnvironment(home, { XDG_CACHE_HOME: join(home, 'cache') }), ...env });
  const given = Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
  const child = spawnCaptured(process.execPath, [binary, ...words], { env: given });
  const { code } = await withDeadline(child.closed, 30_000, words.join(' '));
  expect([code, child.stderr()]).toEqual([0, '']);
  return child.stdout().toString();
}

/** The only file in the folder: its path, inode and mode. */
async function findFile(folder = cacheFolder()): Promise<{ path: string; inode: number; mode: number }> {
  const names = await readdir(folder);
  expect(names).toHaveLength(1);
  const path = join(folder, names[0] ?? '');
  const { ino, mode } = await lstat(path);
  return { path, inode: ino, mode };
}

test('the first start writes a cache file that only its user can read, the second start does not rewrite it', async () => {
  await run(['--help']);
  const first = await findFile();
  expect([first.mode & 0o777, (await stat(cacheFolder())).mode & 0o777]).toEqual([0o600, 0o700]);
  await run(['--help']);
  expect(await findFile()).toEqual(first);
});

test('exec, which changes a flag of V8 temporarily: the second start does not rewrite the file', async () => {
  const relay = await forTest(startRelay());
  const remote = await forTest(startRemote(relay));
  const env = { XDG_CACHE_HOME: join(home, 'cache') };
  const execute = async (): Promise<unknown> => {
    const { exitCode, stdout } = await remote.run(['exec', 'echo hi'], { env });
    expect([exitCode, stdout.toString()]).toEqual([0, 'hi\n']);
    return findFile();
  };
  expect(await execute()).toEqual(await execute());
});

test('a command needs more code than the file has: the code is added', async () => {
  await run(['--help']);
  const first = await findFile();
  await run(['config']);
  const second = await findFile();
  expect(second.inode).not.toBe(first.inode);
  await run(['--help']);
  await run(['config']);
  expect(await findFile()).toEqual(second);
});

describe('an unusable cache file is replaced', () => {
  const spoilers: [title: string, spoil: (path: string) => Promise<void>][] = [
    ['other users may write it', (path) => chmod(path, 0o620)],
    ['it is truncated', async (path) => writeFile(path, (await readFile(path)).subarray(0, 5000))],
    ['it is empty', (path) => writeFile(path, '')],
    ['it has other content', (path) => writeFile(path, 'something\nelse')],
    [
      'some bytes are wrong',
      async (path) => {
        const bytes = await readFile(path);
        const middle = Math.floor(bytes.length * 0.6);
        await writeFile(path, bytes.fill(0, middle, middle + 100));
      },
    ],
    [
      'it was written by another V8',
      async (path) => {
        const bytes = await readFile(path);
        // The magic number of the first part, in both halves.
        for (const half of [0, bytes.length / 2]) {
          const at = bytes.indexOf('\n', half) + 1;
          bytes.fill(0, at, at + 8);
        }
        await writeFile(path, bytes);
      },
    ],
    [
      'it is a link',
      async (path) => {
        await cp(path, join(home, 'elsewhere'));
        await (await import('node:fs/promises')).rm(path);
        await symlink(join(home, 'elsewhere'), path);
      },
    ],
    ...(process.geteuid?.() === 0
      ? [['it belongs to another user', (path: string) => chown(path, 1, 1)] satisfies [string, unknown]]
      : []),
  ];
  test.each(spoilers)('the cache file is unusable, %s: replaced', async (_title, spoil) => {
    await run(['--help']);
    await spoil((await findFile()).path);
    const spoilt = await findFile();
    expect(await run(['--help'])).toContain('Usage: remotify');
    const replaced = await findFile();
    expect([replaced.inode === spoilt.inode, replaced.mode & 0o777]).toEqual([false, 0o600]);
    await run(['--help']);
    expect(await findFile()).toEqual(replaced);
  });
});

describe('no cache file is written, and the command works', () => {
  test('other users may write to the cache folder', async () => {
    await mkdir(cacheFolder(), { recursive: true });
    await chmod(cacheFolder(), 0o770);
    await run(['--help']);
    expect(await readdir(cacheFolder())).toEqual([]);
  });

  test('the cache folder is a link', async () => {
    await mkdir(join(home, 'elsewhere'), { mode: 0o700 });
    await mkdir(dirname(cacheFolder()), { recursive: true });
    await symlink(join(home, 'elsewhere'), cacheFolder());
    await run(['--help']);
    expect(await readdir(join(home, 'elsewhere'))).toEqual([]);
  });

  test('a file has the name of the cache folder', async () => {
    await writeFile(join(home, 'cache'), '');
    await run(['--help']);
    expect(await readdir(home)).toEqual(['cache']);
  });

  test.runIf(process.geteuid?.() === 0)('root in the home of another user', async () => {
    await chown(home, 1, 1);
    await run(['--help']);
    expect(await readdir(home)).toEqual([]);
  });

  test.each([
    ['NODE_DISABLE_COMPILE_CACHE', '1'],
    ['NODE_COMPILE_CACHE', '/nowhere'],
  ])('%s is set: no cache', async (name, value) => {
    await run(['--help'], { [name]: value });
    expect(await readdir(home)).toEqual([]);
  });

  test('HOME and XDG_CACHE_HOME are not set', async () => {
    await run(['--help'], { HOME: undefined, XDG_CACHE_HOME: undefined });
    expect(await readdir(home)).toEqual([]);
  });

  test.runIf(process.geteuid?.() === 0 && process.platform === 'linux')(
    'HOME is below /proc, which reports it as missing and accepts no new folder',
    async () => {
      await run(['--help'], { HOME: '/proc/home', XDG_CACHE_HOME: undefined });
    },
  );

  test('--version writes no cache', async () => {
    await run(['--version']);
    expect(await readdir(home)).toEqual([]);
  });
});

test('without XDG_CACHE_HOME: the cache is in ~/.cache', async () => {
  await run(['--help'], { XDG_CACHE_HOME: undefined });
  await findFile(join(home, '.cache', 'remotify', 'compiled'));
});

test('several first starts at the same time: each works, and one complete file is left', async () => {
  await Promise.all(Array.from({ length: 6 }, () => run(['--help'])));
  const left = await findFile();
  await run(['--help']);
  expect(await findFile()).toEqual(left);
});

/** Another installation of the same version. */
async function copyProgram(): Promise<{ folder: string; binary: string }> {
  const folder = join(home, 'copy');
  for (const name of ['bin', 'dist', 'package.json'])
    await cp(join(dirname(binaryPath), '..', name), join(folder, name), { recursive: true });
  return { folder, binary: join(folder, 'bin', 'remotify.js') };
}

test('two installations of one version: each keeps its own cache file', async () => {
  const { binary } = await copyProgram();
  const list = async () => {
    const names = (await readdir(cacheFolder())).toSorted();
    return Promise.all(names.map(async (name) => [name, (await lstat(join(cacheFolder(), name))).ino]));
  };
  await run(['--help']);
  await run(['--help'], {}, binary);
  const both = await list();
  expect(both).toHaveLength(2);
  await run(['--help']);
  await run(['--help'], {}, binary);
  expect(await list()).toEqual(both);
});

test('a changed program file of the same size and mtime: the new code runs', async () => {
  const { folder: copy, binary } = await copyProgram();
  // Packages give all files the same mtime.
  for (const name of await readdir(join(copy, 'dist'))) await utimes(join(copy, 'dist', name), 1, 1);
  expect(await run(['--help'], {}, binary)).toContain('list stored sessions');
  for (const name of await readdir(join(copy, 'dist'))) {
    const path = join(copy, 'dist', name);
    const text = name.endsWith('.cjs') ? await readFile(path, 'utf8') : '';
    if (!text.includes('list stored sessions')) continue;
    await writeFile(path, text.replace('list stored sessions', 'list STORED sessions'));
    await utimes(path, 1, 1);
  }
  expect(await run(['--help'], {}, binary)).toContain('list STORED sessions');
});

test('cache files older than 30 days are removed when a new one is written', async () => {
  await run(['--help']);
  const { path } = await findFile();
  for (const [name, daysAgo] of [
    ['old.compiled', 31],
    ['old.compiled.1-2', 31],
    ['young.compiled', 29],
    ['config.json', 40],
  ] as const) {
    await writeFile(join(cacheFolder(), name), '');
    const seconds = Date.now() / 1000 - daysAgo * 86_400;
    await utimes(join(cacheFolder(), name), seconds, seconds);
  }
  await writeFile(path, '');
  await run(['--help']);
  const names = await readdir(cacheFolder());
  expect(names.toSorted()).toEqual([basename(path), 'config.json', 'young.compiled'].toSorted());
});

test('one folder for settings, state and compiled code: old settings are not removed', async () => {
  const xdg = join(home, 'all');
  const env = { XDG_CONFIG_HOME: xdg, XDG_STATE_HOME: xdg, XDG_CACHE_HOME: xdg };
  await run(['config', 'set', 'url', 'http://127.0.0.1:9'], env);
  const settings = (await readdir(join(xdg, 'remotify'))).filter((name) => name !== 'compiled');
  expect(settings).not.toEqual([]);
  for (const name of settings) await utimes(join(xdg, 'remotify', name), 1, 1);
  await run(['--help'], env);
  await run(['exec', '--help'], env);
  expect(await run(['config', 'get', 'url'], env)).toBe('http://127.0.0.1:9\n');
});

test('the entry file loads no other file before the cache is open: each import is a dynamic one', async () => {
  const text = await readFile(join(dirname(binaryPath), '../dist/main.cjs'), 'utf8');
  const eager = [...text.matchAll(/(.{0,2})require\("(\.\/[^"]+)"\)/g)].filter(
    ([, before]) => before !== '=>',
  );
  expect(eager.map(([, , path]) => path)).toEqual([]);
});
