import { describe, expect, test } from 'vitest';
import type { CommandView } from '../../src/protocol/command-view.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { binaryPath } from '../harness/binary.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { endedWell } from '../harness/prompts.ts';

// `remotify history`: the last commands of a session, with their authors, times and outcomes.

const relay = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  await client.makeSession('--name', 'prod');
  return client;
}

const rowsOf = (text: string): string[] => text.trimEnd().split('\n');

const pushAll = async (client: Client, texts: readonly string[]): Promise<void> => {
  for (const text of texts) await client.run(['exec', '-d', text]);
};

test('no commands: a note, and nothing on stdout', async () => {
  const client = await setUp();
  expect(await client.run(['history'])).toMatchObject({
    exitCode: 0,
    text: '',
    stderr: 'remotify: session prod has no commands yet\n',
  });
});

test('ended commands: id, time, pusher, state, exit status, duration, text', async () => {
  const remote = await forTest(startRemote(relay));
  await remote.run(['exec', 'exit 3']);
  await remote.run(['exec', 'echo two']);
  await waitForState(remote, 'both ended', ({ commands }) => commands[1]?.state === 'finished');
  const [first, second] = rowsOf((await remote.run(['history'])).text);
  const when = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d';
  const took = '\\d+(?:\\.\\d)? m?s';
  expect(first).toMatch(new RegExp(`^c1  ${when}  \\S+@\\S+  finished  exit status 3  ${took} +exit 3$`));
  expect(second).toMatch(new RegExp(`^c2  ${when}  \\S+@\\S+  finished  exit status 0  ${took} +echo two$`));
});

describe('the column with the text of a command', () => {
  test.each([
    ['one line', 'echo a', 'echo a'],
    ['two lines: the first, and an ellipsis', 'echo a\necho b', 'echo a …'],
    ['leading empty lines: skipped', '\n\n  echo a\n', 'echo a'],
    ['control characters: escaped', "printf '\u001b[2J\u0007'", String.raw`printf '\x1b[2J\x07'`],
    [
      'a carriage return that would hide the text: escaped',
      'rm -rf x\recho harmless',
      String.raw`rm -rf x\x0decho harmless`,
    ],
    ['a right-to-left override: escaped', 'echo \u202eabc', String.raw`echo \u{202e}abc`],
    ['tabs: escaped', 'echo\ta', String.raw`echo\ta`],
    [
      'wide characters off a terminal: not truncated',
      `echo ${'日本'.repeat(40)}`,
      `echo ${'日本'.repeat(40)}`,
    ],
    ['300 characters: 200, and an ellipsis', `echo ${'x'.repeat(295)}`, `echo ${'x'.repeat(195)} …`],
  ])('history shows %s', async (_title, script, shown) => {
    const client = await setUp();
    await pushAll(client, [script]);
    const { text } = await client.run(['history']);
    expect(text.endsWith(`  ${shown}\n`), text).toBe(true);
    expect(text.split('\n')).toHaveLength(2);
  });

  test('a key in the text: not shown', async () => {
    const client = await setUp();
    await pushAll(client, [`echo ${'0123456789abcdef'.repeat(2)}`]);
    expect((await client.run(['history'])).text).not.toMatch(/[0-9a-f]{32}/);
  });
});

test('-n 2: the two newest, the newest last; -n 0: all', async () => {
  const client = await setUp();
  await pushAll(client, ['true 1', 'true 2', 'true 3']);
  const idsOf = async (...args: string[]) =>
    rowsOf((await client.run(['history', ...args])).text).map((row) => row.split(' ')[0]);
  expect(await idsOf('-n', '2')).toEqual(['c2', 'c3']);
  expect(await idsOf('--last=1')).toEqual(['c3']);
  expect(await idsOf('-n', '0')).toEqual(['c1', 'c2', 'c3']);
  expect(await idsOf()).toEqual(['c1', 'c2', 'c3']);
  expect((await client.run(['history', '-n', 'two'])).exitCode).toBe(2);
});

test('history --json: one object with the commands', async () => {
  const client = await setUp();
  await pushAll(client, ['echo a\necho b']);
  const shown = await client.runJson<{ relay: string; session: string; commands: CommandView[] }>('history');
  expect(shown).toMatchObject({ relay: relay.url, session: 'prod' });
  expect(shown.commands).toMatchObject([{ id: 'c1', state: 'queued', text: 'echo a\necho b' }]);
});

test.skipIf(!hasTmux).each([
  [60, 'true'],
  [100, 'true'],
  [100, `echo ${'日本語'.repeat(60)}`],
  [100, `echo ${'👍🏽é'.repeat(60)}`],
  [40, `echo ${'x'.repeat(190)}`],
])('history on a terminal of %i columns: no line is longer: %s', async (columns, script) => {
  const client = await setUp();
  await pushAll(client, [script, 'id']);
  const terminal = await forTest(
    startTerminal(`'${process.execPath}' '${binaryPath}' history --url '${relay.url}'`, {
      columns,
      env: { REMOTIFY_CONFIG_DIR: client.configDir, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' },
    }),
  );
  const screen = await terminal.waitForText(endedWell, 20_000);
  // A line that is too long would continue in the next row of the screen.
  const rows = rowsOf(screen).filter((row) => row !== '' && !row.startsWith('['));
  const isBelow = rows.length === 4;
  expect(rows.length === 2 || isBelow, screen).toBe(true);
  expect(rows[isBelow ? 3 : 1]).toMatch(/ {2}id$/);
});
