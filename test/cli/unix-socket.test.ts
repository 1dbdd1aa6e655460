import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { type Answer, curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { spawnServe, startServe } from '../harness/serve-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;

async function makeFolder(): Promise<string> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  return folder.path;
}

async function start(flags: readonly string[], env: Record<string, string> = {}) {
  const relay = await startServe(flags, { env });
  onTestFinished(relay.stop);
  return relay;
}

const askHealth = (path: string): Promise<Answer> =>
  curl(['--unix-socket', path, 'http://localhost/api/health']);

const modeOf = async (path: string): Promise<string> => ((await lstat(path)).mode & 0o7777).toString(8);

/** `remotify serve` to its end, for a start that fails. */
async function fail(flags: readonly string[], env: Record<string, string> = {}) {
  const home = await makeFolder();
  const relay = spawnServe(home, flags, { env });
  onTestFinished(() => void relay.child.kill('SIGKILL'));
  const { code } = await withDeadline(relay.closed, 20_000, 'the relay refuses to start');
  return { code, stderr: relay.stderr() };
}

describe('--listen unix:PATH', () => {
  test('answers there, says so, and leaves nothing behind', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'relay.sock');
    const relay = await start(['--listen', `unix:${path}`]);
    expect(relay.place).toBe(`unix:${path}`);
    expect((await lstat(path)).isSocket()).toBe(true);
    expect(await readdir(folder)).toEqual(['relay.sock']);
    expect((await askHealth(path)).status).toBe(200);
    expect(relay.stderr()).toContain(`remotify: listening on unix:${path}, keeping nothing\n`);
    expect(relay.stderr()).toContain(`next: let a proxy pass requests to it and set --public-url`);
    expect(relay.stderr()).toContain(`curl --unix-socket '${path}' http://localhost/api/health\n`);
    expect(await relay.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await readdir(folder)).toEqual([]);
  });

  test('with a public URL the next step and the lines to paste have that', async () => {
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
    '--socket-mode %s: the socket has mode %s, under any umask, from its first moment',
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
      const relay = await startServe(['--listen', `unix:${path}`], {
        env,
        before: ['sh', '-c', 'umask 0; exec "$@"', 'sh'],
      });
      onTestFinished(relay.stop);
      isDone = true;
      expect(await modeOf(path)).toBe(expected);
      seen.delete('own folder 700');
      expect([...seen]).toEqual([`relay.sock ${expected}`]);
    },
  );

  test('the socket of a relay that was killed is replaced', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'relay.sock');
    const first = await start(['--listen', `unix:${path}`]);
    await first.kill('SIGKILL');
    expect((await lstat(path)).isSocket()).toBe(true);
    await start(['--listen', `unix:${path}`]);
    expect((await askHealth(path)).status).toBe(200);
    expect(await readdir(folder)).toEqual(['relay.sock']);
  });

  test('several relays that find one dead socket: one of them gets it', async () => {
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

  test.each(['runs', 'is stopped'])('the socket of a relay that %s is not replaced', async (state) => {
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
  ])('%s is not removed', async (kind, create) => {
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

  test('at its end it removes its own socket, and no file that took its place', async () => {
    const path = join(await makeFolder(), 'relay.sock');
    const relay = await start(['--listen', `unix:${path}`]);
    await rm(path);
    await writeFile(path, 'mine');
    await relay.kill('SIGTERM');
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  test('a path of 107 bytes works, one of 108 is refused', async () => {
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
      expect.stringContaining('the path of the socket is 1 bytes too long: 107 bytes is the most'),
    ]);
    expect(await readdir(long)).toEqual([]);
  });

  test.each([
    ['/nowhere/at/all/s', /the folder \/nowhere\/at\/all does not exist \(ENOENT\)/],
    ['/etc/hostname/s', /\/etc\/hostname is not a folder \(ENOTDIR\)|is not a folder/],
    ['/proc/s', /cannot listen on unix:\/proc\/s: .+ \(E[A-Z]+\)/],
  ])('unix:%s cannot be created', async (path, error) => {
    const { code, stderr } = await fail(['--listen', `unix:${path}`]);
    expect([code, stderr]).toEqual([255, expect.stringMatching(error)]);
    expect(stderr).toMatch(/\nremotify: hint: .+\n$/);
  });

  test.skipIf(!hasPython)('a socket of datagrams that is in use stays (python3)', async () => {
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
      expect.stringMatching(/cannot tell whether .+ is in use \(EPROTOTYPE\)/),
    ]);
    expect((await lstat(path)).ino).toBe(before.ino);
  });
});

describe('who is behind a unix socket', () => {
  const limited = ['--rate-limit', '1r/h', '--rate-limit-burst', '0', '--log', 'text'];
  const create = async (path: string, ...said: string[]): Promise<number> => {
    const headers = said.flatMap((value) => ['-H', `X-Forwarded-For: ${value}`]);
    const answer = await curl([
      '--unix-socket',
      path,
      '-X',
      'POST',
      ...headers,
      'http://localhost/api/session',
    ]);
    return answer.status;
  };

  test('without --trust-proxy, one X-Forwarded-For is believed: each client has its own limit', async () => {
    const path = join(await makeFolder(), 's');
    const relay = await start(['--listen', `unix:${path}`, ...limited]);
    expect(await create(path, '192.0.2.1')).toBe(201);
    expect(await create(path, '192.0.2.1')).toBe(429);
    expect(await create(path, '192.0.2.2')).toBe(201);
    // What stands before the address that the proxy added is the client's own claim.
    expect(await create(path, '192.0.2.3, 192.0.2.2')).toBe(429);
    await eventually('the access log has the addresses', 5_000, () =>
      /Z 192\.0\.2\.2 POST/.test(relay.stderr()),
    );
  });

  test('those that name no client share the address "unix"', async () => {
    const path = join(await makeFolder(), 's');
    const relay = await start(['--listen', `unix:${path}`, ...limited]);
    expect(await create(path)).toBe(201);
    expect(await create(path)).toBe(429);
    expect(await create(path, 'nonsense')).toBe(429);
    await eventually('the access log has the address', 5_000, () =>
      / unix POST \/api\/session 429 /.test(relay.stderr()),
    );
  });

  test('--trust-proxy 2: the proxy before the one on the socket is believed, too', async () => {
    const path = join(await makeFolder(), 's');
    await start(['--listen', `unix:${path}`, '--trust-proxy', '2', ...limited]);
    expect(await create(path, '192.0.2.1, 198.51.100.1')).toBe(201);
    expect(await create(path, '192.0.2.1, 198.51.100.2')).toBe(429);
    expect(await create(path, '192.0.2.9, 192.0.2.2, 198.51.100.1')).toBe(201);
  });

  test('the scheme and host that the proxy names are in the lines to paste', async () => {
    const path = join(await makeFolder(), 's');
    await start(['--listen', `unix:${path}`, '--allowed-host', 'relay.example']);
    const headers = ['-H', 'X-Forwarded-Proto: https', '-H', 'X-Forwarded-Host: relay.example'];
    const made = await curl([
      '--unix-socket',
      path,
      '-X',
      'POST',
      ...headers,
      'http://localhost/api/session',
    ]);
    expect(made.json<{ urls: { api: string } }>().urls.api).toMatch(
      /^https:\/\/relay\.example\/api\/session\//,
    );
  });

  test.skipIf(!hasOpenssl)(
    'with a certificate the socket speaks TLS, for proxies that pass it through (openssl)',
    async () => {
      const folder = await makeFolder();
      const path = join(folder, 's');
      const { certPath, keyPath } = await makeCertificate(folder);
      await start(['--listen', `unix:${path}`, '--tls-cert', certPath, '--tls-key', keyPath, ...limited]);
      const ask = (client: string) =>
        curl([
          '-k',
          '--unix-socket',
          path,
          '-X',
          'POST',
          '-H',
          `X-Forwarded-For: ${client}`,
          'https://localhost/api/session',
        ]);
      expect((await ask('192.0.2.1')).status).toBe(201);
      expect((await ask('192.0.2.2')).status).toBe(201);
      expect((await ask('192.0.2.2')).status).toBe(429);
    },
  );
});

describe('addresses that make no sense', () => {
  test.each([
    ['unix:', /not the path of a socket/],
    ['unix:/run/', /not the path of a socket/],
    ['unix:/run/..', /not the path of a socket/],
    ['unix:@remotify', /open to every user/],
    ['unix://host/path', /on no other machine/],
    ['/run/remotify.sock', /not an address to listen on: "\/run\/remotify\.sock"/],
    ['tcp:8080', /not a whole number|not an address|cannot listen/],
    ['0.0.0.0', /not an address to listen on/],
    ['127.0.0.1:65536', /65536/],
    ['', /not an address to listen on/],
    ['unix:/a\nb/../', /not the path of a socket/],
  ])('--listen %j', async (value, error) => {
    const { code, stderr } = await fail([`--listen=${value}`]);
    expect([code === 2 || code === 255, stderr]).toEqual([true, expect.stringMatching(error)]);
    expect(stderr).toMatch(/^remotify: error: .+\nremotify: hint: .+\n$/);
  });

  test.each(['', '8', '0888', '1777', '00660', 'rw-rw----', '0', '0077', '-660', '0o660'])(
    '--socket-mode %j',
    async (mode) => {
      const path = join(await makeFolder(), 's');
      const { code, stderr } = await fail(['--listen', `unix:${path}`, `--socket-mode=${mode}`]);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/^remotify: error: --socket-mode: .+\nremotify: hint: write it as 0660.*\n$/),
      ]);
    },
  );

  test.each([
    [['--listen', '0', '--port', '0'], {}, /--listen and --port both say where to listen/],
    [['--listen', 'unix:/tmp/x', '--host', '::1'], {}, /--listen and --host both say/],
    [['--port', '0'], { REMOTIFY_LISTEN: 'unix:/tmp/x' }, /REMOTIFY_LISTEN and --port both say/],
    [['--port', '0', '--socket-mode', '0600'], {}, /--socket-mode without --listen unix:PATH/],
    [['--listen', '0', '--socket-mode', '0600'], {}, /--socket-mode without --listen unix:PATH/],
    [[], { REMOTIFY_LISTEN: 'nonsense' }, /REMOTIFY_LISTEN: not an address/],
    [
      [],
      { REMOTIFY_LISTEN: 'unix:/tmp/x', REMOTIFY_SOCKET_MODE: 'x' },
      /REMOTIFY_SOCKET_MODE: not permissions/,
    ],
  ])('%j %j', async (flags, env, error) => {
    const { code, stderr } = await fail(flags, env);
    expect([code, stderr]).toEqual([2, expect.stringMatching(error)]);
  });
});

test('--listen takes an address and a port as well, and comes before REMOTIFY_HOST and REMOTIFY_PORT', async () => {
  const relay = await start(['--listen', '[::1]:0'], { REMOTIFY_HOST: '192.0.2.1', REMOTIFY_PORT: 'x' });
  expect(relay.place).toMatch(/^http:\/\/\[::1\]:\d+$/);
  const other = await start(['--listen', '0']);
  expect(other.place).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});
