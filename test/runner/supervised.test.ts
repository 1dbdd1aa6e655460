import { describe, expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { waitForState } from '../harness/remote.ts';
import { hasTmux } from '../harness/tmux.ts';
import { ended, takeSeat } from './operator-seat.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// A supervised listener (`curl | bash`) in a real terminal: the display of a command and the operator's answers.

const relay = useRelay();

const setUp = () => takeSeat(relay);

describe.skipIf(!hasTmux)('the display of a command', () => {
  test('a command of one line: it is displayed before it runs, then its exit status', async () => {
    const { terminal, startExec, waitForPrompt, trace, ran } = await setUp();
    const exec = startExec(`touch '${trace}'; printf 1234567; exit 3`);
    const screen = await waitForPrompt();
    expect(screen).toContain(`>>> touch '${trace}'; printf 1234567; exit 3\n`);
    expect(await ran()).toBe(false);
    await terminal.type('y\n');
    expect(await ended(exec)).toMatchObject({ code: 3 });
    expect(exec.stdout().toString()).toBe('1234567');
    expect(exec.stderr()).not.toContain('remotify: error');
    await terminal.waitForText('<<< done, 7 bytes sent back, exit status 3', 10_000);
    expect(await ran()).toBe(true);
  });

  test('a command of several lines: each line has a mark, and a note has the number of rows', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const exec = startExec('echo one\necho two\n\necho four');
    const screen = await waitForPrompt();
    expect(screen).toContain(
      '>>> echo one\n  | echo two\n  |\n  | echo four\n    (end of c1: 4 rows, 28 bytes)\n',
    );
    await terminal.type('y\n');
    expect(await ended(exec)).toMatchObject({ code: 0 });
    await terminal.waitForText('<<< done, 13 bytes sent back', 10_000);
  });

  test('a line wider than the screen: it continues on rows with a mark, completely', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const words = Array.from({ length: 60 }, (_, at) => `w${at}`).join('-');
    const exec = startExec(`echo ${words}`);
    const rows = (await waitForPrompt()).split('\n').filter((row) => /^(>>>|  [|:]) /.test(row));
    expect(rows.map((row) => row.slice(0, 4))).toEqual(['>>> ', '  : ', '  : ']);
    expect(rows.every((row) => row.length < 120)).toBe(true);
    // The captured screen has no blanks at the ends of rows.
    expect(
      rows
        .map((row) => row.slice(4))
        .join('')
        .replaceAll(' ', ''),
    ).toBe(`echo ${words}`.replaceAll(' ', ''));
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
  });

  test('control and invisible characters in a command are escaped', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const exec = startExec('echo \u001b[2J\u001b[8mhidden\r#harmless\u0007\b\b # \u202egnp\u00a0x');
    const screen = await waitForPrompt();
    expect(screen).toContain('>>> echo ^[[2J^[[8mhidden^M#harmless^G^H^H # M-bM-^@M-.gnpM-BM- x');
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
  });

  test('a command that imitates lines of the listener: each of its rows has a mark', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const exec = startExec('true\n<<< done, 0 bytes sent back\n>>> ls');
    const screen = await waitForPrompt();
    expect(screen).toContain('>>> true\n  | <<< done, 0 bytes sent back\n  | >>> ls\n');
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
  });
});

describe.skipIf(!hasTmux)('the answer of the operator', () => {
  test.each(['y', 'Y', 'yes'])('answer %j: the command runs', async (answer) => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const exec = startExec('echo ran');
    await waitForPrompt();
    await terminal.type(`${answer}\n`);
    expect(await ended(exec)).toMatchObject({ code: 0 });
    expect(exec.stdout().toString()).toBe('ran\n');
  });

  test.each([
    ['n', 'the operator declined'],
    ['', 'the operator declined'],
    ['maybe', 'the operator declined'],
    ['n not on a friday', 'the operator declined: not on a friday'],
    ['no ask ops first', 'the operator declined: ask ops first'],
    ['n it\'s "a" $(b) `c` \\ über', 'the operator declined: it\'s "a" $(b) `c` \\ über'],
  ])('answer %j: the command is declined, and exec prints the reason', async (answer, words) => {
    const { terminal, startExec, waitForPrompt, trace, ran } = await setUp();
    const exec = startExec(`touch '${trace}'`);
    await waitForPrompt();
    await terminal.type(`${answer}\n`);
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(exec.stdout().toString()).toBe('');
    expect(exec.stderr()).toContain(`remotify: error: ${words}\nremotify: hint: `);
    await terminal.waitForText('<<< declined', 10_000);
    expect(await ran()).toBe(false);
  });

  test('y typed before the question: it does not approve the command', async () => {
    const { terminal, startExec, waitForPrompt, trace, ran } = await setUp();
    await terminal.type('y\ny\ny');
    const exec = startExec(`touch '${trace}'`);
    await waitForPrompt();
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(await ran()).toBe(false);
  });

  test('y typed while another command runs: it does not approve the next command', async () => {
    const { terminal, startExec, waitForPrompt, trace, ran, gate, ...remote } = await setUp();
    const first = startExec(gate.wait);
    await waitForPrompt();
    await terminal.type('y\n');
    await waitForState(remote, 'the first command runs', ({ commands }) => commands[0]?.state === 'running');
    const second = startExec(`touch '${trace}'`);
    await waitForState(remote, 'the second command is queued', (state) => state.queue_length === 1);
    await terminal.type('y\ny\n');
    await gate.open();
    expect(await ended(first)).toMatchObject({ code: 0 });
    await waitForPrompt(2);
    await terminal.type('n\n');
    expect(await ended(second)).toMatchObject({ code: 126 });
    expect(await ran()).toBe(false);
  });

  test('Ctrl-C at the question: the command is declined, and the listener continues', async () => {
    const { terminal, startExec, waitForPrompt, trace, ran } = await setUp();
    const first = startExec(`touch '${trace}'`);
    await waitForPrompt();
    await terminal.type('\x03');
    expect(await ended(first)).toMatchObject({ code: 126 });
    const second = startExec('echo second');
    await waitForPrompt(2);
    await terminal.type('y\n');
    expect(await ended(second)).toMatchObject({ code: 0 });
    expect(second.stdout().toString()).toBe('second\n');
    expect(await ran()).toBe(false);
  });

  test('Ctrl-C while a command runs: the command gets it, and the listener continues', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const first = startExec('trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.1; done');
    await waitForPrompt();
    await terminal.type('y\n');
    await eventually('the command runs', 15_000, () => first.stdout().toString() === 'ready\n');
    await terminal.type('\x03');
    expect(await ended(first)).toMatchObject({ code: 9 });
    const second = startExec('echo second');
    await waitForPrompt(2);
    await terminal.type('y\n');
    expect(await ended(second)).toMatchObject({ code: 0 });
  });

  test('Ctrl-C while the listener is idle: the listener ends', async () => {
    const { terminal, ...remote } = await setUp();
    await waitForState(remote, 'the listener is attached', (state) => state.listener?.attached === true);
    await terminal.type('\x03');
    await terminal.waitForText('[the command ended with', 15_000);
    await waitForState(remote, 'the listener is gone', (state) => state.listener?.attached === false);
  });
});

test('supervised mode without a terminal: the listener does not start', async () => {
  const client = await forTest(makeClient(relay));
  const listener = await forTest(startListener(`set -o pipefail; ${await client.makeSession()}`));
  expect(await withDeadline(listener.exited, 15_000, 'the listener ends')).toMatchObject({ code: 1 });
  expect(listener.output()).toBe(
    'remotify: error: no terminal to ask for approval on; use the auto-mode line (remotify new --auto)\n',
  );
  expect(await client.runJson('status')).toMatchObject({ listener: null, listener_seen_seconds_ago: null });
});
