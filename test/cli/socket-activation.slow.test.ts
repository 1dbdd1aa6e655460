import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { forgetActivation, readActivation } from '../../src/config/socket-activation.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { spawnServe, startServe } from '../harness/serve-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { createThrough, forwardedFor } from './serve-kit.ts';
import { forTest } from '../harness/for-test.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const hasSystemd = spawnSync('systemd-socket-activate', ['--version']).status === 0;

/** A minimal service manager: opens a socket of the kind in its first argument as descriptor 3, then runs the given program. */
const manager = `
import os, socket, sys
kind, path = sys.argv[1], sys.argv[2]
if kind == 'tcp': s = socket.create_server(('127.0.0.1', 0))
elif kind == 'tcp6': s = socket.create_server(('::1', 0), family=socket.AF_INET6)
elif kind == 'unix':
    s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen()
elif kind == 'udp':
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0))
elif kind == 'connection':
    listener = socket.create_server(('127.0.0.1', 0)); s = socket.create_connection(listener.getsockname())
elif kind == 'file': s = open('/dev/null')
else: s = None
if s is not None:
    if s.fileno() == 3: os.set_inheritable(3, True)
    else: os.dup2(s.fileno(), 3, inheritable=True)
os.environ.setdefault('LISTEN_PID', str(os.getpid()))
os.environ.setdefault('LISTEN_FDS', '1')
os.execvp(sys.argv[3], sys.argv[3:])
`;

const under = (kind: string, path = '-'): readonly string[] => ['python3', '-c', manager, kind, path];

async function makeFolder(): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  return folder.path;
}

async function start(before: readonly string[], flags: readonly string[] = [], env = {}) {
  const relay = await forTest(startServe(flags, { before, env }));
  return relay;
}

async function fail(before: readonly string[], flags: readonly string[], env: Record<string, string> = {}) {
  const relay = spawnServe(await makeFolder(), flags, { before, env });
  onTestFinished(() => void relay.child.kill('SIGKILL'));
  const { code } = await withDeadline(relay.closed, 20_000, 'the relay refuses to start');
  expect(relay.stdout().toString()).toMatch(/^\{"error":\{"code":".+\}\}\n$/);
  return { code, stderr: relay.stderr() };
}

describe.skipIf(!hasPython)('a socket from the service manager (python3)', () => {
  test('a TCP socket: the relay serves it and prints its port', async () => {
    const relay = await start(under('tcp'));
    expect(relay.place).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await curl([`${relay.place}/api/health`])).status).toBe(200);
    expect(relay.stderr()).toContain(`listening on ${relay.place},`);
    expect(relay.stderr()).toContain(`next: remotify new --url ${relay.place}\n`);
    expect(await relay.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('an IPv6 socket: the relay serves it', async () => {
    const relay = await start(under('tcp6'));
    expect(relay.place).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await curl(['-g', `${relay.place}/api/health`])).status).toBe(200);
  });

  test('a unix socket: the relay serves it, its peers are proxies, and its file stays, as the service manager owns it', async () => {
    const path = join(await makeFolder(), 'relay.sock');
    const relay = await start(under('unix', path), ['--rate-limit', '1r/h', '--rate-limit-burst', '0']);
    expect(relay.place).toBe(`unix:${path}`);
    const ask = (client: string) => createThrough(path, forwardedFor(client));
    expect((await ask('192.0.2.1')).status).toBe(201);
    expect((await ask('192.0.2.2')).status).toBe(201);
    expect((await ask('192.0.2.1')).status).toBe(429);
    expect(await relay.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect((await lstat(path)).isSocket()).toBe(true);
  });

  test('the socket takes precedence over REMOTIFY_HOST, REMOTIFY_PORT and REMOTIFY_LISTEN', async () => {
    const env = { REMOTIFY_HOST: '192.0.2.1', REMOTIFY_PORT: '1', REMOTIFY_LISTEN: 'unix:/nowhere/x' };
    const relay = await start(under('tcp'), [], env);
    expect((await curl([`${relay.place}/api/health`])).status).toBe(200);
  });

  test.each([[['--listen', '0']], [['--port', '0']], [['--host', '::1']], [['--listen', 'unix:/tmp/x']]])(
    'the socket together with %j: usage error',
    async (flags) => {
      const { code, stderr } = await fail(under('tcp'), flags);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(
          /^remotify: error: LISTEN_FDS and --\w+ both set the address to listen on\nremotify: hint: .+\n$/,
        ),
      ]);
    },
  );

  test.each(['udp', 'connection', 'file', 'nothing'])('descriptor 3 is %s: an error', async (kind) => {
    const { code, stderr } = await fail(under(kind), []);
    expect([code, stderr]).toEqual([
      255,
      expect.stringMatching(
        /^remotify: error: cannot listen on the socket from the service manager \(file descriptor 3\): [a-z ]+ \(E\w+\)\nremotify: hint: .*ListenStream=.*Accept=no\n$/,
      ),
    ]);
  });

  test.each([
    ['0', /LISTEN_FDS is 0: no socket was handed over/],
    ['2', /LISTEN_FDS is 2: the relay listens on one socket, not on several/],
    ['-1', /not a number of sockets: "-1"/],
    ['one', /not a number of sockets: "one"/],
    ['1e0', /not a number of sockets: "1e0"/],
    ['99999999999999999999', /not a number of sockets/],
    ['\u001b[2J', /not a number of sockets: "\\u001b\[2J"/],
  ])('LISTEN_FDS=%j: usage error', async (value, error) => {
    const { code, stderr } = await fail(under('tcp'), [], { LISTEN_FDS: value });
    expect([code, stderr]).toEqual([2, expect.stringMatching(error)]);
    expect(stderr).toMatch(/^remotify: error: .+\nremotify: hint: .+\n$/);
  });

  test.each(['1', 'me', '-5', '', '4294967297'])('LISTEN_PID=%j, another process: ignored', async (pid) => {
    const relay = await start(under('tcp'), ['--listen', '0'], { LISTEN_PID: pid });
    expect((await curl([`${relay.place}/api/health`])).status).toBe(200);
    if (pid !== '')
      expect(relay.stderr()).toContain(`ignoring the socket of LISTEN_FDS: LISTEN_PID is "${pid}"`);
  });
});

test('bash sets LISTEN_PID to its own pid and replaces itself with the relay: descriptor 3 is used', async () => {
  // Descriptor 3 is not a socket, so the error shows that the relay tried to use it.
  const before = ['bash', '-c', 'exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', 'bash'];
  const { code, stderr } = await fail(before, []);
  expect([code, stderr]).toEqual([255, expect.stringContaining('file descriptor 3')]);
});

test('processes that the relay starts do not get the variables', () => {
  const names = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'];
  for (const name of names) process.env[name] = '1';
  forgetActivation();
  const { stdout } = spawnSync('env', { encoding: 'utf8' });
  expect(stdout).not.toMatch(/^LISTEN_/m);
  expect(stdout).toMatch(/^PATH=/m);
});

test('LISTEN_FDS or LISTEN_PID is missing: no socket is used', () => {
  expect(readActivation({}, 5)).toEqual({});
  expect(readActivation({ LISTEN_FDS: '1' }, 5)).toEqual({});
  expect(readActivation({ LISTEN_PID: '5' }, 5)).toEqual({});
  expect(readActivation({ LISTEN_FDS: '1', LISTEN_PID: '5' }, 5)).toEqual({ fd: 3 });
});

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(!hasSystemd)('systemd-socket-activate', () => {
  test.each(['a port', 'a unix socket'])(
    '%s of systemd: the first connection starts the relay, and is answered',
    async (kind) => {
      const folder = await makeFolder();
      const path = join(folder, 'relay.sock');
      const isUnix = kind === 'a unix socket';
      const address = isUnix ? path : `127.0.0.1:${await findFreePort()}`;
      const before = ['systemd-socket-activate', '-l', address, `-EHOME=${folder}`];
      const relay = spawnServe(folder, [], { before });
      onTestFinished(() => void relay.child.kill('SIGKILL'));
      await eventually(
        'systemd listens',
        10_000,
        () => /Listening on/.test(relay.stderr()) && (!isUnix || existsSync(path)),
      );
      const where = isUnix
        ? ['--unix-socket', path, 'http://localhost/api/session']
        : [`http://${address}/api/session`];
      const made = await curl(['-X', 'POST', ...where]);
      // This request arrived before the relay knew its address.
      expect(made.json<{ urls: { api: string } }>().urls.api).toMatch(
        /^http:\/\/(localhost|127\.0\.0\.1:\d+)\/api\/session\//,
      );
      const line = await eventually(
        'the relay prints its address',
        5_000,
        () => /^.+\n/.exec(relay.stdout().toString('utf8'))?.[0],
      );
      expect(JSON.parse(line)).toEqual({ url: isUnix ? `unix:${path}` : `http://${address}` });
      relay.child.kill('SIGTERM');
      expect((await withDeadline(relay.closed, 10_000, 'the relay ends')).code).toBe(0);
    },
  );
});
