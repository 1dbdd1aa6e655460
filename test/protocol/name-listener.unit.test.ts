import { expect, test } from 'vitest';
import { nameListener, readLabel } from '../../src/protocol/name-listener.ts';
import { parseStatusPayload } from '../../src/protocol/status-payload.ts';

test.each([
  ['root', 'vm', 'root@vm'],
  ['', '', 'unknown'],
  ['unknown', 'unknown', 'unknown'],
  [' ', '\t', 'unknown'],
  ['root', '', 'root@unknown'],
  ['', 'vm', 'unknown@vm'],
])('listener with user %j and host %j: its name is %s', (user, host, name) => {
  expect(nameListener({ user, host })).toBe(name);
});

test.each([undefined, '', '   '])('label %j: it reads as unknown', (text) => {
  expect(readLabel(text)).toBe('unknown');
});

test.each([{}, { host: '', user: '' }, { host: 1, user: null }])(
  'status payload with listener fields %j: user and host are unknown',
  (names) => {
    const listener = { mode: 'auto', kind: 'runner', attached: true, seen_seconds_ago: 0, ...names };
    expect(parseStatusPayload({ cmd_queued: false, listener })?.listener).toMatchObject({
      host: 'unknown',
      user: 'unknown',
    });
  },
);
