import { createHash, randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { startCli } from '../harness/cli.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { type ProxiedRequest, startFaultProxy } from '../harness/fault-proxy.ts';
import { isLong } from '../harness/is-long.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

const relay = useRelay();
const remote = useRemote(relay);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const chunkBytes = 1024 * 1024;

const manyMib = isLong ? 64 : 8;

test.each([0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes + 1])(
  'exec -i cat with %i bytes: they come back unchanged',
  async (size) => {
    const bytes = randomBytes(size);
    const { stdout, exitCode } = await remote.run(['exec', '-i', 'cat'], { stdin: bytes });
    expect(exitCode).toBe(0);
    expect(stdout.byteLength).toBe(size);
    expect(sha256(stdout)).toBe(sha256(bytes));
  },
);

test.each(['request', 'answer'] as const)(
  'the %s of each large chunk of stdin is lost: smaller chunks are sent, and the input arrives once',
  async (lost) => {
    const proxy = await forTest(startFaultProxy());
    proxy.aim(relay);
    const large = new WeakSet<ProxiedRequest>();
    proxy.setRules({
      onRequest: (request, { body }) => {
        if (request.verb !== 'stdin' || body.byteLength <= chunkBytes / 4) return undefined;
        large.add(request);
        return lost === 'request' ? { fault: 'reset' } : undefined;
      },
      onAnswer: (request) => (large.has(request) ? { fault: 'swallow' } : undefined),
    });
    const bytes = randomBytes(2 * chunkBytes + 1);
    const { stdout, exitCode } = await remote.run(['exec', '--url', proxy.url, '-i', 'cat'], {
      stdin: bytes,
    });
    expect(exitCode).toBe(0);
    expect(sha256(stdout)).toBe(sha256(bytes));
    expect(proxy.counts[lost === 'request' ? 'reset' : 'swallow']).toBeGreaterThan(1);
  },
);

test('stdin with all byte values: unchanged, and no line feed is added or lost', async () => {
  const bytes = Buffer.from([...Array(256).keys(), 10, 10, 0, 120]);
  const { stdout } = await remote.run(['exec', '-i', 'cat'], { stdin: bytes });
  expect(stdout.equals(bytes)).toBe(true);
});

test(`${manyMib} MiB of random bytes come back on stdout`, async () => {
  const bytes = randomBytes(manyMib * chunkBytes);
  const { stdout, exitCode } = await remote.run(['exec', '-i', 'cat'], { stdin: bytes, deadlineMs: 150_000 });
  expect(exitCode).toBe(0);
  expect(sha256(stdout)).toBe(sha256(bytes));
}, 160_000);

test(`${manyMib} MiB of random bytes come back on stderr`, async () => {
  const bytes = randomBytes(manyMib * chunkBytes);
  const cli = startCli(['exec', '-i', 'cat >&2'], {
    configDir: remote.configDir,
    env: { REMOTIFY_URL: relay.url },
    stdin: { bytes },
  });
  const hash = createHash('sha256');
  cli.child.stderr?.on('data', (chunk: Buffer) => hash.update(chunk));
  const { code } = await withDeadline(cli.closed, 150_000, 'all bytes come back on stderr');
  expect(code).toBe(0);
  expect(cli.stdout().byteLength).toBe(0);
  expect(hash.digest('hex')).toBe(sha256(bytes));
}, 160_000);

test('exec -i with interactive input: each line arrives when it is typed, and is answered', async () => {
  const cli = startCli(['exec', '-i', 'while read -r line; do echo "got $line"; done; echo over'], {
    configDir: remote.configDir,
    env: { REMOTIFY_URL: relay.url },
    stdin: 'open',
  });
  onTestFinished(() => void cli.child.kill('SIGKILL'));
  const said = (text: string) => () => cli.stdout().toString().endsWith(text);
  cli.child.stdin?.write('one\n');
  await eventually('the first answer', 10_000, said('got one\n'));
  cli.child.stdin?.write('two\n');
  await eventually('the second answer', 10_000, said('got two\n'));
  cli.child.stdin?.end();
  expect(await withDeadline(cli.closed, 10_000, 'the end after the end of input')).toMatchObject({ code: 0 });
  expect(cli.stdout().toString()).toBe('got one\ngot two\nover\n');
});

test('exec -i, the command ends before stdin does: exec ends too', async () => {
  const cli = startCli(['exec', '-i', 'head -c 3; exit 9'], {
    configDir: remote.configDir,
    env: { REMOTIFY_URL: relay.url },
    stdin: 'open',
  });
  onTestFinished(() => void cli.child.kill('SIGKILL'));
  cli.child.stdin?.write('abcdef');
  expect(await withDeadline(cli.closed, 15_000, 'the end of the command')).toMatchObject({ code: 9 });
  expect(cli.stdout().toString()).toBe('abc');
});

test('without -i: stdin of the command is empty, and the stdin of exec is not forwarded', async () => {
  const { text, exitCode } = await remote.run(['exec', 'cat; echo empty'], { stdin: 'not for you' });
  expect(text).toBe('empty\n');
  expect(exitCode).toBe(0);
});

test('a command leaves stdin unread: the next command does not get it', async () => {
  await remote.run(['exec', '-i', 'true'], { stdin: 'left over' });
  const { text } = await remote.run(['exec', '-i', 'cat'], { stdin: 'its own' });
  expect(text).toBe('its own');
});

test.each([
  [['exec', '-i', '-f', '-'], '--file -'],
  [['exec', '-i', '-d', 'cat'], '--detach'],
  [['exec', '-i', '-s', 'a', '-s', 'b', 'cat'], 'several sessions'],
])('%j: usage error, as stdin has only one use', async (args, other) => {
  const { exitCode, stderr, text } = await remote.run(args, { stdin: 'cat' });
  expect(stderr).toContain(`error: --stdin cannot be used with ${other}`);
  expect(stderr).toContain('remotify: hint: ');
  expect([exitCode, text]).toEqual([2, '']);
});
