import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

async function setUp() {
  const remote = await forTest(startRemote(relay));
  const folder = await forTest(makeTemporaryFolder());
  const gate = await forTest(makeGate(folder.path));
  return { ...remote, folder: folder.path, gate };
}

describe('--merge', () => {
  test('--merge: stderr goes to stdout, in order', async () => {
    const { run } = await setUp();
    const result = await run([
      'exec',
      '--merge',
      'for n in 1 2 3 4 5; do echo out$n; echo err$n >&2; done; exit 4',
    ]);
    const lines = [1, 2, 3, 4, 5].map((n) => `out${n}\nerr${n}\n`).join('');
    expect(result).toMatchObject({ exitCode: 4, text: lines, stderr: '' });
  });
});

describe('--json', () => {
  test('exec --json: stdout is one object with exactly these fields', async () => {
    const { run } = await setUp();
    const before = Date.now();
    const result = await run(['exec', '--json', 'printf out; printf errors >&2; exit 7']);
    expect(result).toMatchObject({ exitCode: 7, stderr: '' });
    const answer = JSON.parse(result.text) as { started_at: number; duration_ms: number };
    expect(answer).toEqual({
      id: 'c1',
      state: 'finished',
      exit_status: 7,
      signal: null,
      stdout: 'out',
      stderr: 'errors',
      stdout_bytes: 3,
      stderr_bytes: 6,
      truncated: false,
      missing_bytes: 0,
      reason: null,
      started_at: expect.any(Number),
      duration_ms: expect.any(Number),
      listener: hostname(),
    });
    expect(answer.started_at).toBeGreaterThanOrEqual(before);
    expect(answer.started_at + answer.duration_ms).toBeLessThanOrEqual(Date.now());
    expect(Object.keys(answer)).toHaveLength(14);
  });

  test('exec --json of output that is not UTF-8: bytes are counted, and invalid ones become U+FFFD', async () => {
    const { run } = await setUp();
    const result = await run(['exec', '--json', "printf 'ü\\377\\000'"]);
    expect(JSON.parse(result.text)).toMatchObject({ stdout: 'ü\ufffd\0', stdout_bytes: 4, exit_status: 0 });
  });

  test('exec --json --detach: prints the id and the session, and exits', async () => {
    const { run, gate } = await setUp();
    const result = await run(['exec', '--json', '--detach', gate.wait]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(result.text)).toEqual({ id: 'c1', session: 'session-1' });
  });
});

describe('--detach and logs', () => {
  test('--detach prints the id and exits; logs -f follows to the end and exits with its status', async () => {
    const { run, start, gate } = await setUp();
    const pushed = await run([
      'exec',
      '--detach',
      `echo one; echo two >&2; ${gate.wait}; echo three; exit 9`,
    ]);
    expect(pushed).toMatchObject({ exitCode: 0, text: 'c1\n', stderr: '' });
    const logs = start(['logs', 'c1', '-f']);
    await eventually('the first lines of the log', 15_000, () => {
      return logs.stdout().toString() === 'one\n' && logs.stderr() === 'two\n';
    });
    expect(logs.isRunning()).toBe(true);
    await gate.open();
    expect(await withDeadline(logs.closed, 15_000, 'logs -f ends with the command')).toMatchObject({
      code: 9,
    });
    expect(logs.stdout().toString()).toBe('one\nthree\n');
  });

  test('logs can be repeated, exits 0, and accepts --offset and --stream', async () => {
    const { run } = await setUp();
    await run(['exec', 'printf 0123456789; printf abcdef >&2; exit 5']);
    for (const _round of [1, 2]) {
      expect(await run(['logs'])).toMatchObject({ exitCode: 0, text: '0123456789', stderr: 'abcdef' });
    }
    const args = ['logs', 'c1'];
    expect(await run([...args, '--offset', '4'])).toMatchObject({ text: '456789', stderr: 'ef' });
    expect(await run([...args, '--stream', 'stderr'])).toMatchObject({ text: '', stderr: 'abcdef' });
    expect(await run([...args, '--stream', 'stdout', '--offset', '99'])).toMatchObject({
      text: '',
      stderr: '',
    });
    expect(await run([...args, '-f'])).toMatchObject({ exitCode: 5, text: '0123456789', stderr: 'abcdef' });
  });

  test('logs of a running command: prints the output so far, without waiting', async () => {
    const { run, gate } = await setUp();
    await run(['exec', '-d', `echo one; ${gate.wait}`]);
    await eventually('the log holds the line', 15_000, async () => (await run(['logs'])).text === 'one\n');
    expect(await run(['logs', 'c1'])).toMatchObject({ exitCode: 0, text: 'one\n', stderr: '' });
  });

  test('logs without an id: the newest command; with an id: that command, all 3 MiB', async () => {
    const { run } = await setUp();
    await run(['exec', "head -c 3145728 /dev/zero | tr '\\0' x"]);
    await run(['exec', 'echo newest']);
    expect(await run(['logs'])).toMatchObject({ text: 'newest\n' });
    const long = await run(['logs', 'c1']);
    expect(long.text === 'x'.repeat(3_145_728)).toBe(true);
    const unknown = await run(['logs', 'c99']);
    expect(unknown).toMatchObject({ exitCode: 255, text: '' });
    expect(unknown.stderr).toMatch(/^remotify: error: no such command: c99\nremotify: hint: .+\n$/);
  });

  test('logs --json: refused, as logs prints bytes', async () => {
    const { run } = await setUp();
    await run(['exec', 'true']);
    const result = await run(['logs', '--json']);
    expect(result.exitCode).toBe(2);
    expect(JSON.parse(result.text)).toMatchObject({ error: { code: 'usage' } });
    expect(result.stderr).toMatch(/^remotify: error: logs prints bytes, not JSON\nremotify: hint: .+\n$/);
  });
});

describe('--timeout', () => {
  test('--timeout stops the command and its child processes: 124, and its output arrives', async () => {
    const { run, listener } = await setUp();
    const command = 'echo begun; sleep 300 & (sleep 300 & sleep 300) & sleep 300';
    const result = await run(['exec', '--timeout', '1s', command]);
    expect(result).toMatchObject({ exitCode: 124, text: 'begun\n' });
    expect(result.stderr).toMatch(/^remotify: error: command c1 timed out\nremotify: hint: .+\n$/);
    await eventually('nothing of the command is alive', 10_000, async () => {
      const alive = (await listener.processes()).filter(({ commandLine }) =>
        /sleep 300|command$/.test(commandLine),
      );
      if (alive.length > 0) throw new Error(JSON.stringify(alive));
      return true;
    });
    expect(await run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
  });

  test('--timeout of a command that ignores TERM: it is killed', { timeout: 60_000 }, async () => {
    const { run, folder } = await setUp();
    const trace = join(folder, 'trace');
    const command = `trap "echo told >>'${trace}'" TERM; while :; do sleep 0.2; done`;
    const result = await run(['exec', '--json', '--timeout', '1s', command], { deadlineMs: 40_000 });
    expect(result.exitCode).toBe(124);
    expect(JSON.parse(result.text)).toMatchObject({ state: 'timed_out' });
    expect(await readFile(trace, 'utf8')).toMatch(/^told\n/);
  });

  test('a command that ends before its --timeout: its own status', async () => {
    const { run } = await setUp();
    expect(await run(['exec', '--timeout', '30s', 'exit 6'])).toMatchObject({ exitCode: 6, stderr: '' });
  });

  test('--timeout does not count the time in the queue', async () => {
    const remote = await setUp();
    const { start, gate } = remote;
    const first = start(['exec', gate.wait]);
    await waitForState(remote, 'the first command runs', ({ current }) => current === 'c1');
    const second = start(['exec', '--timeout', '2s', 'echo done']);
    const queuedAt = await waitForState(remote, 'the second is queued', (state) => state.queue_length === 1);
    expect(queuedAt.current).toBe('c1');
    const seen = performance.now();
    // Real time: --timeout is a limit in real time.
    await eventually('the second waited beyond its limit', 8_000, () => performance.now() - seen > 2_500);
    await gate.open();
    expect(await withDeadline(first.closed, 15_000, 'the first ends')).toMatchObject({ code: 0 });
    expect(await withDeadline(second.closed, 15_000, 'the second ends')).toMatchObject({ code: 0 });
    expect(second.stdout().toString()).toBe('done\n');
  });
});
