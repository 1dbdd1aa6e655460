import { describe, expect, test } from 'vitest';
import { commandStates } from '../../src/protocol/command-states.ts';
import { type CommandView, parseCommandView } from '../../src/protocol/command-view.ts';
import type { ListenerView, StatusPayload } from '../../src/protocol/status-payload.ts';
import {
  describeOutcome,
  describePusher,
  describeStopping,
  describeText,
} from '../../src/text/describe-command.ts';
import {
  describeExpiry,
  describeHost,
  describeLastSeen,
  describePresence,
  findLastSeen,
  findPresence,
  hasListener,
} from '../../src/text/describe-presence.ts';
import { describeMissing } from '../../src/text/describe-missing.ts';
import { nameState } from '../../src/text/name-state.ts';

function makeCommand(fields: Partial<CommandView>): CommandView {
  const command = parseCommandView({ id: 'c1', state: 'finished', exit_status: 0 });
  if (!command) throw new Error('no command');
  return { ...command, ...fields };
}

describe('describeText', () => {
  test.each([
    ['one line', 'uname -a', 8, 'uname -a'],
    ['several lines: shows the first', 'cd /tmp\r\nls\n', 12, 'cd /tmp …'],
    ['a line that the relay has truncated', 'uname', 900, 'uname …'],
    ['empty lines before the first line', '\n\n  ls', 6, 'ls'],
    ['letters of two bytes', 'echo ü', 7, 'echo ü'],
    ['an escape sequence', 'echo \x1b[2J', 9, String.raw`echo \x1b[2J`],
    ['a text that the relay does not send', null, 5, ''],
  ])('%s', (_title, text, bytes, shown) => {
    expect(describeText(makeCommand({ text, script_bytes: bytes }))).toBe(shown);
  });
});

describe('describePusher', () => {
  test.each([
    ['the CLI, without its version', 'ann@desk,remotify/0.1.0', 'commands', 'ann@desk'],
    ['another client', 'curl/8.5', 'commands', 'curl/8.5'],
    ['no name, through the slot', null, 'slot', 'slot'],
    ['no name', null, 'commands', ''],
    ['a name with an invisible character', 'a\u202eb', 'commands', String.raw`a\u{202e}b`],
    ['a name that is too long', '😀'.repeat(60), 'commands', '😀'.repeat(40)],
    ['a long name, limit inside a character', `x${'😀'.repeat(60)}`, 'commands', `x${'😀'.repeat(39)}`],
  ] as const)('%s', (_title, by, origin, shown) => {
    expect(describePusher({ pushed_by: by, origin })).toBe(shown);
  });
});

describe('describeOutcome', () => {
  test.each([
    ['an exit status', { exit_status: 3 }, 'exit status 3'],
    ['a signal', { exit_status: 137, signal: 'KILL' }, 'exit status 137 (KILL)'],
    ['a reason', { exit_status: null, reason: 'no\x1b' }, String.raw`no\x1b`],
    [
      'missing output',
      { exit_status: 0, missing_bytes: 12, missing_reason: 'cut' },
      'exit status 0; output incomplete',
    ],
    ['nothing yet', { state: 'running', exit_status: null }, ''],
  ] as const)('%s', (_title, fields, shown) => {
    expect(describeOutcome(makeCommand(fields))).toBe(shown);
  });

  test('describeStopping: names the requested signal; a command may survive INT', () => {
    expect(describeStopping('TERM')).toBe('stopping (SIGTERM sent)');
    expect(describeStopping('INT')).toBe('running (SIGINT sent)');
  });
});

test.each([
  [
    { bytes: 5, reason: 'evicted' },
    '',
    '5 bytes of output are missing: the relay removed them to make room for later output',
  ],
  [
    { bytes: 1, reason: 'evicted' },
    '',
    '1 byte of output is missing: the relay removed it to make room for later output',
  ],
  [{ bytes: 1, reason: 'cut' }, 'c1', '1 byte of output of command c1 is missing: it could not be stored'],
  [
    { bytes: 0, reason: 'cut' },
    'c1',
    'some bytes of output of command c1 are missing: they could not be stored',
  ],
] as const)('describeMissing: %j of command %j', (missing, id, words) => {
  expect(describeMissing(missing, id)).toBe(words);
});

test('nameState: each state has its own name, of plain words', () => {
  const names = commandStates.map(nameState);
  expect(new Set(names).size).toBe(commandStates.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(?: [a-z]+)?$/);
});

describe('describePresence', () => {
  const listener: ListenerView = {
    kind: 'runner',
    host: 'vm',
    user: 'root',
    mode: 'supervised',
    attached: true,
    seen_seconds_ago: 0,
  };
  const makeStatus = (one: Partial<ListenerView> | null, seen: number | null = 0): StatusPayload => ({
    cmd_queued: false,
    cmd_in_flight: false,
    cmd_in_flight_seconds_ago: null,
    result_queued: false,
    listener_seen_seconds_ago: seen,
    ...(one !== null && { listener: { ...listener, ...one } }),
  });

  test.each([
    ['no listener yet', makeStatus(null, null), 'none', 'none yet: paste the line on the remote'],
    [
      'a supervised listener',
      makeStatus({}),
      'connected',
      'connected, root@vm, supervised: asks before each command',
    ],
    [
      'a listener in auto mode',
      makeStatus({ mode: 'auto' }),
      'connected',
      'connected, root@vm, auto: runs commands without asking',
    ],
    [
      'a listener whose mode is unknown',
      makeStatus({ mode: 'unknown' }),
      'connected',
      'connected, root@vm, mode unknown',
    ],
    [
      'a disconnected listener',
      makeStatus({ attached: false, seen_seconds_ago: 200 }),
      'disconnected',
      'disconnected, last seen 3 m 20 s ago, root@vm, supervised',
    ],
    [
      'a legacy listener',
      makeStatus({ kind: 'slot', mode: 'unknown' }, 7),
      'connected',
      'connected, legacy listener, mode unknown',
    ],
    [
      'a disconnected legacy listener',
      makeStatus({ kind: 'slot', mode: 'unknown', attached: false, seen_seconds_ago: 50 }, 50),
      'disconnected',
      'disconnected, last seen 50 s ago, legacy listener',
    ],
    [
      'no listener yet, and the relay reports null',
      { ...makeStatus(null, null), listener: null },
      'none',
      'none yet: paste the line on the remote',
    ],
    ['a legacy relay', makeStatus(null, 7), 'slot', 'a legacy listener polls the slot, last seen 7 s ago'],
  ] as const)('%s', (_title, status, presence, words) => {
    expect(findPresence(status)).toBe(presence);
    expect(describePresence(status)).toBe(words);
    expect(hasListener(status)).toBe(presence === 'connected' || presence === 'slot');
  });

  test('describeHost: escapes the name that the listener sent', () => {
    const name = describeHost({ ...listener, host: 'vm\x1b[2J\u200b' });
    expect(name).toBe(String.raw`root@vm\x1b[2J\u{200b}`);
  });

  test('findLastSeen: prefers the field of the listener to the one of the slots', () => {
    expect(findLastSeen(makeStatus({ seen_seconds_ago: 3 }, 9))).toBe(3);
    expect(findLastSeen(makeStatus(null, 9))).toBe(9);
    expect(describeLastSeen(makeStatus(null, 61))).toBe('last seen 1 m 1 s ago');
  });

  test('describeExpiry: how long after the last request the session expires', () => {
    expect(describeExpiry(10_800)).toBe('3 h after the last request; not while connected or running');
  });
});
