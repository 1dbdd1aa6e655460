import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fail, makeFolder, start } from './serve-kit.ts';

describe('invalid addresses to listen on', () => {
  test.each([
    ['unix:', /not the path of a socket/],
    ['unix:/run/', /not the path of a socket/],
    ['unix:/run/..', /not the path of a socket/],
    ['unix:@remotify', /open to every user/],
    ['unix://host/path', /cannot be on another machine/],
    ['/run/remotify.sock', /not an address to listen on: "\/run\/remotify\.sock"/],
    ['tcp:8080', /not a whole number|not an address|cannot listen/],
    ['0.0.0.0', /not an address to listen on/],
    ['127.0.0.1:65536', /65536/],
    ['', /not an address to listen on/],
    ['unix:/a\nb/../', /not the path of a socket/],
  ])('--listen %j: an error with a hint', async (value, error) => {
    const { code, stderr } = await fail([`--listen=${value}`]);
    expect([code === 2 || code === 255, stderr]).toEqual([true, expect.stringMatching(error)]);
    expect(stderr).toMatch(/^remotify: error: .+\nremotify: hint: .+\n$/);
  });

  test.each(['', '8', '0888', '1777', '00660', 'rw-rw----', '0', '0077', '-660', '0o660'])(
    '--socket-mode %j: usage error',
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
    [['--listen', '0', '--port', '0'], {}, /--listen and --port both set the address to listen on/],
    [['--listen', 'unix:/tmp/x', '--host', '::1'], {}, /--listen and --host both set the address/],
    [['--port', '0'], { REMOTIFY_LISTEN: 'unix:/tmp/x' }, /REMOTIFY_LISTEN and --port both set the address/],
    [['--port', '0', '--socket-mode', '0600'], {}, /--socket-mode without --listen unix:PATH/],
    [['--listen', '0', '--socket-mode', '0600'], {}, /--socket-mode without --listen unix:PATH/],
    [[], { REMOTIFY_LISTEN: 'nonsense' }, /REMOTIFY_LISTEN: not an address/],
    [
      [],
      { REMOTIFY_LISTEN: 'unix:/tmp/x', REMOTIFY_SOCKET_MODE: 'x' },
      /REMOTIFY_SOCKET_MODE: not permissions/,
    ],
  ])('serve with %j and %j: usage error', async (flags, env, error) => {
    const { code, stderr } = await fail(flags, env);
    expect([code, stderr]).toEqual([2, expect.stringMatching(error)]);
  });
});

test('--listen ADDRESS:PORT: used instead of REMOTIFY_HOST and REMOTIFY_PORT', async () => {
  const relay = await start(['--listen', '[::1]:0'], { REMOTIFY_HOST: '192.0.2.1', REMOTIFY_PORT: 'x' });
  expect(relay.place).toMatch(/^http:\/\/\[::1\]:\d+$/);
  const other = await start(['--listen', '0']);
  expect(other.place).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});
