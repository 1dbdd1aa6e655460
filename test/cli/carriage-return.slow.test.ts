import { describe, expect, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

// Progress bars of a remote command, which use carriage returns, on the terminal of the client.

const relay = useRelay();
const remote = useRemote(relay);

const progress = String.raw`for n in 10 50 100; do printf 'Loading %s%%\r' $n; sleep 0.1; done; printf '\nover\n'`;

/** Runs `remotify WORDS` in a terminal until it ends. Resolves with the rows before the notice of the end. */
async function runOnTerminal(words: string, columns: number): Promise<string[]> {
  const terminal = await forTest(
    startTerminal(`'${process.execPath}' '${binaryPath}' ${words}`, {
      columns,
      env: { REMOTIFY_CONFIG_DIR: remote.configDir, REMOTIFY_URL: relay.url },
    }),
  );
  // Only the start of the notice that it ended: on a narrow terminal the rest is on other rows.
  const screen = await terminal.waitForText('[the com', 20_000);
  return screen.split('\n[the com')[0]?.trimEnd().split('\n') ?? [];
}

function quote(script: string): string {
  return `'${script.replaceAll("'", String.raw`'\''`)}'`;
}

describe.skipIf(!hasTmux)('on a terminal', () => {
  test.each([120, 40, 14])(
    'exec, %i columns: the row is redrawn, and its last text stays',
    async (columns) => {
      const rows = await runOnTerminal(`exec ${quote(progress)}`, columns);
      expect(rows).toEqual(['Loading 100%', 'over']);
    },
  );

  test('a row wider than the terminal: each of its texts stays', async () => {
    const rows = await runOnTerminal(`exec ${quote(progress)}`, 8);
    expect(rows).toEqual(['Loading', '10%', 'Loading', '50%', 'Loading', '100%', 'over']);
  });

  test('progress on stderr after stdout on the same row: the text of stdout stays', async () => {
    const script = String.raw`printf 'begin '; sleep 0.3; printf '1%%\r2%%\r3%%\n' >&2`;
    const rows = await runOnTerminal(`exec ${quote(script)}`, 80);
    expect(rows).toEqual(['begin 1%', '3%']);
  });

  test('logs: only the last text of each row stays', async () => {
    await remote.run(['exec', progress]);
    expect(await runOnTerminal('logs', 80)).toEqual(['Loading 100%', 'over']);
  });

  test('--raw: carriage returns reach the terminal', async () => {
    const rows = await runOnTerminal(`exec --raw ${quote(String.raw`printf 'Loading\rover\n'`)}`, 80);
    expect(rows).toEqual(['overing']);
  });
});

test('exec into a pipe: carriage returns are unchanged', async () => {
  const { stdout } = await remote.run(['exec', String.raw`printf 'a\rb\r\n\r\033[Kc\r'`]);
  expect(stdout.toString()).toBe('a\rb\r\n\r\x1b[Kc\r');
});

test('exec on two sessions into a pipe: carriage returns are unchanged after the names', async () => {
  const other = await forTest(startRemote(relay));
  const [one, two] = await Promise.all([readSession(remote.configDir), readSession(other.configDir)]);
  const script = String.raw`printf 'a\rb\n'`;
  const { stdout } = await remote.run(['exec', '-s', one.key, '-s', two.key, script]);
  const lines = stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  expect(lines.map((line) => line.replace(/^[^:]+: /, ''))).toEqual(['a\rb', 'a\rb']);
});
