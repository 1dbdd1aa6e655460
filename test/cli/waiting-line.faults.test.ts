import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startWaiting } from '../../src/cli/waiting-line.ts';
import { Printer } from '../../src/terminal/printer.ts';
import { binaryPath } from '../harness/binary.ts';
import { makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startRelay } from '../harness/relay-process.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';

// Progress of a wait: if stderr is not a terminal, one line immediately and one per minute.

beforeEach(() => {
  vi.useFakeTimers({
    now: new Date(2026, 10, 29, 14, 3, 5),
    toFake: ['setInterval', 'clearInterval', 'Date', 'performance'],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

function open({ quiet = false, json = false } = {}) {
  const stderr = new PassThrough();
  const io = { stdin: new PassThrough(), stdout: new PassThrough(), stderr, stdoutError: () => undefined };
  const printer = new Printer(io, { quiet, noColor: true, variables: {} });
  const lines = () =>
    String(stderr.read() ?? '')
      .split('\n')
      .slice(0, -1);
  return { context: { io, printer, term: 'xterm', json }, lines };
}

describe('progress of a wait off a terminal', () => {
  test.each([[false], [true]])(
    'off a terminal: one line per minute, with the start of the wait (--json: %s)',
    async (json) => {
      const { context, lines } = open({ json });
      const line = await startWaiting(context, 'waiting for a listener');
      expect(lines()).toEqual(['remotify: waiting for a listener']);
      await vi.advanceTimersByTimeAsync(59_000);
      expect(lines()).toEqual([]);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(lines()).toEqual(['remotify: still waiting for a listener (since 14:03:05, 1 m)']);
      await vi.advanceTimersByTimeAsync(120_000);
      expect(lines()).toEqual([
        'remotify: still waiting for a listener (since 14:03:05, 2 m)',
        'remotify: still waiting for a listener (since 14:03:05, 3 m)',
      ]);
      line.stop();
      await vi.advanceTimersByTimeAsync(600_000);
      expect(lines()).toEqual([]);
    },
  );

  test('the reason of the wait changes: a new line, and its own start time', async () => {
    const { context, lines } = open();
    let now = 'waiting for a listener';
    const line = await startWaiting(context, now, () => Promise.resolve(now));
    lines();
    await vi.advanceTimersByTimeAsync(60_000);
    now = 'waiting for its turn';
    await vi.advanceTimersByTimeAsync(120_000);
    line.stop();
    expect(lines()).toEqual([
      'remotify: still waiting for a listener (since 14:03:05, 1 m)',
      'remotify: waiting for its turn',
      'remotify: still waiting for its turn (since 14:05:05, 1 m)',
    ]);
  });

  test('--quiet: no output, and no status requests', async () => {
    const { context, lines } = open({ quiet: true });
    const describeNow = vi.fn(() => Promise.resolve('words'));
    const line = await startWaiting(context, 'waiting', describeNow);
    await vi.advanceTimersByTimeAsync(180_000);
    line.stop();
    expect(lines()).toEqual([]);
    expect(describeNow).not.toHaveBeenCalled();
  });

  test('untrusted text in the line: control characters are escaped', async () => {
    const { context, lines } = open();
    const line = await startWaiting(context, 'waiting for \u001b[2Jroot');
    await vi.advanceTimersByTimeAsync(60_000);
    line.stop();
    expect(lines().join('\n')).not.toContain('\u001b');
  });
});

test.skipIf(!hasTmux)('exec on a terminal: a spinner with the elapsed time (needs tmux)', async () => {
  vi.useRealTimers();
  const relay = await forTest(startRelay());
  const client = await forTest(makeClient(relay));
  await client.makeSession();
  const env = { REMOTIFY_CONFIG_DIR: client.configDir, REMOTIFY_URL: relay.url };
  const terminal = await forTest(startTerminal(`'${process.execPath}' '${binaryPath}' exec true`, { env }));
  await eventually('the spinner counts', 15_000, async () =>
    /^\S waiting for a listener \(\d+ s\)$/m.test(await terminal.screen()),
  );
  await terminal.type('\x03');
  const screen = await terminal.waitForText('[the command ended with 130]', 15_000);
  expect(screen).toContain('remotify: command c1 cancelled before it started');
  expect(screen).not.toMatch(/\(\d+ s\)/);
});

test.skipIf(!isLong)(
  'exec with stderr in a pipe: a line after one real minute (REMOTIFY_TEST_LONG=1)',
  { timeout: 120_000 },
  async () => {
    vi.useRealTimers();
    const relay = await forTest(startRelay());
    const client = await forTest(makeClient(relay));
    await client.makeSession();
    const exec = client.start(['exec', 'true']);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await eventually('the line of the minute', 80_000, () =>
      /^remotify: still waiting for a listener \(since \d\d:\d\d:\d\d, 1 m( [1-9] s)?\)$/m.test(
        exec.stderr(),
      ),
    );
    expect(exec.stderr().match(/paste this line/g)).toHaveLength(1);
  },
);
