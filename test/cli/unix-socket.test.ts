import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { startServe } from '../harness/serve-process.ts';
import { askHealth, fail, makeFolder, start } from './serve-kit.ts';
import { forTest } from '../harness/for-test.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;

const modeOf = async (path: string): Promise<string> => ((await lstat(path)).mode & 0o7777).toString(8);

describe('--listen unix:PATH', () => {
  test('--listen unix:PATH: the relay answers on it, prints it, and removes the socket at its end', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'relay.sock');
    const relay = await start(['--listen', `unix:${path}`]);
    expect(relay.place).toBe(`unix:${path}`);
    expect((await lstat(path)).isSocket()).toBe(true);
    expect(await readdir(folder)).toEqual(['relay.sock']);
    expect((await askHealth(path)).status).toBe(200);
    expect(relay.stderr()).toContain(`remotify: listening on unix:${path}, sessions are not stored\n`);
    expect(relay.stderr()).toContain(`next: configure a proxy to forward requests to it and set --public`);
    expect(relay.stderr()).toContain(`curl --unix-socket '${path}' http://localhost/api/health\n`);
    expect(await relay.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await readdir(folder)).toEqual([]);
  });

  test('REMOTIFY_PUBLIC_URL: used in the next step and in the lines to paste', async () => {
    const path = join(await makeFolder(), 's');
    const relay = await start([], {
      REMOTIFY_LISTEN: `unix:${path}`,
      REMOTIFY_PUBLIC_URL: 'https://relay.example/x',
    });
    expect(relay.stderr()).toContain('next: remotify new --url https://relay.example/x\n');
    const made = await curl(['--unix-socket', path, '-X', 'POST', 'http://localhost/api/session']);
    expect(made.json<{ remote_quickstart: string }>().remote_quickstart).toContain(
      'https://relay.example/x/r/',
    );
  });

  test.each([
    [undefined, '660'],
    ['0600', '600'],
    ['666', '666'],
    ['0770', '770'],
  ])(
    '--socket-mode %s: the socket has mode %s from its creation, independent of the umask',
    async (mode, expected) => {
      const folder = await makeFolder();
      const path = join(folder, 'relay.sock');
      const env = mode === undefined ? {} : { REMOTIFY_SOCKET_MODE: mode };
      const seen = new Set<string>();
      let isDone = false;
      const look = (): void => {
        for (const name of readdirSync(folder)) {
          const found = lstatSync(join(folder, name), { throwIfNoEntry: false });
          if (found)
            seen.add(`${name.startsWith('.') ? 'own folder' : name} ${(found.mode & 0o777).toString(8)}`);
        }
        if (!isDone) setImmediate(look);
      };
      look();
      await forTest(
        startServe(['--listen', `unix:${path}`], {
          env,
          before: ['sh', '-c', 'umask 0; exec "$@"', 'sh'],
        }),
      );
      isDone = true;
      expect(await modeOf(path)).toBe(expected);
      seen.delete('own folder 700');
      expect([...seen]).toEqual([`relay.sock ${expected}`]);
    },
  );

  test('the socket of a killed relay: replaced', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'relay.sock');
    const first = await start(['--listen', `unix:${path}`]);
    await first.kill('SIGKILL');
    expect((await lstat(path)).isSocket()).toBe(true);
    await start(['--listen', `unix:${path}`]);
    expect((await askHealth(path)).status).toBe(200);
    expect(await readdir(folder)).toEqual(['relay.sock']);
  });

  test('several relays start on one dead socket: one of them gets it', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'relay.sock');
    const dead = await start(['--listen', `unix:${path}`]);
    await dead.kill('SIGKILL');
    const starts = await Promise.allSettled([1, 2, 3].map(() => startServe(['--listen', `unix:${path}`])));
    const started = starts.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    for (const relay of started) onTestFinished(relay.stop);
    expect(started).toHaveLength(1);
    for (const result of starts)
      if (result.status === 'rejected') expect(String(result.reason)).toContain(`unix:${path} is taken`);
    expect((await askHealth(path)).status).toBe(200);
    expect(await readdir(folder)).toEqual(['relay.sock']);
  });

  test.each(['runs', 'is stopped'])('the socket of a relay that %s: not replaced', async (state) => {
    const path = join(await makeFolder(), 'relay.sock');
    const first = await start(['--listen', `unix:${path}`]);
    const before = await lstat(path);
    if (state === 'is stopped') process.kill(first.pid, 'SIGSTOP');
    const { code, stderr } = await fail(['--listen', `unix:${path}`]);
    expect(code).toBe(255);
    expect(stderr).toBe(
      `remotify: error: unix:${path} is taken: another process listens on it\nremotify: hint: stop that process, or choose another path with --listen\n`,
    );
    process.kill(first.pid, 'SIGCONT');
    expect((await lstat(path)).ino).toBe(before.ino);
    expect((await askHealth(path)).status).toBe(200);
  });

  test.each([
    ['a file', (path: string) => writeFile(path, 'precious')],
    ['a folder', (path: string) => mkdir(path)],
    ['a symbolic link', (path: string) => symlink('/nowhere', path)],
  ])('%s at the path of the socket: not removed', async (kind, create) => {
    const folder = await makeFolder();
    const path = join(folder, 'here');
    await create(path);
    const before = await lstat(path);
    const { code, stderr } = await fail(['--listen', `unix:${path}`]);
    expect([code, stderr]).toEqual([
      255,
      expect.stringContaining(`cannot listen on unix:${path}: it is ${kind}\n`),
    ]);
    expect((await lstat(path)).ino).toBe(before.ino);
    expect(await readdir(folder)).toEqual(['here']);
  });

  test('another file replaced the socket: the relay does not remove it at its end', async () => {
    const path = join(await makeFolder(), 'relay.sock');
    const relay = await start(['--listen', `unix:${path}`]);
    await rm(path);
    await writeFile(path, 'mine');
    await relay.kill('SIGTERM');
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  test('a socket path of 107 bytes: works; of 108 bytes: refused', async () => {
    const folder = await makeFolder();
    const long = join(folder, 'd'.repeat(100 - Buffer.byteLength(folder)));
    await mkdir(long);
    const path = join(long, 's'.repeat(107 - 1 - Buffer.byteLength(long)));
    const relay = await start(['--listen', `unix:${path}`]);
    expect((await askHealth(path)).status).toBe(200);
    await relay.kill('SIGTERM');
    expect(await readdir(long)).toEqual([]);
    const { code, stderr } = await fail(['--listen', `unix:${path}s`]);
    expect([code, stderr]).toEqual([
      255,
      expect.stringContaining('the path of the socket is 1 bytes too long: the system allows 107 bytes'),
    ]);
    expect(await readdir(long)).toEqual([]);
  });

  test.each([
    ['/nowhere/at/all/s', /the folder \/nowhere\/at\/all does not exist \(ENOENT\)/],
    ['/etc/hostname/s', /\/etc\/hostname is not a folder \(ENOTDIR\)|is not a folder/],
    ['/proc/s', /cannot listen on unix:\/proc\/s: .+ \(E[A-Z]+\)/],
  ])('unix:%s cannot be created: an error with a hint', async (path, error) => {
    const { code, stderr } = await fail(['--listen', `unix:${path}`]);
    expect([code, stderr]).toEqual([255, expect.stringMatching(error)]);
    expect(stderr).toMatch(/\nremotify: hint: .+\n$/);
  });

  test.skipIf(!hasPython)('a datagram socket that is in use: not replaced (python3)', async () => {
    const path = join(await makeFolder(), 'log');
    const bind =
      'import socket,sys; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind(sys.argv[1]); print(1,flush=True); sys.stdin.read()';
    const other = spawnCaptured('python3', ['-c', bind, path], {
      env: cleanEnvironment('/tmp'),
      stdin: 'open',
    });
    onTestFinished(() => void other.child.kill('SIGKILL'));
    await eventually('the other socket is bound', 10_000, () => other.stdout().length > 0);
    const before = await lstat(path);
    const { code, stderr } = await fail(['--listen', `unix:${path}`]);
    expect([code, stderr]).toEqual([
      255,
      expect.stringMatching(/cannot tell whether .+ is in use: .+ \(EPROTOTYPE\)/),
    ]);
    expect((await lstat(path)).ino).toBe(before.ino);
  });
});
