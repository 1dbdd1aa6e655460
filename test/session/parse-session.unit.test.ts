import { expect, test } from 'vitest';
import { createCommand } from '../../src/session/command.ts';
import { attachListener } from '../../src/session/listener.ts';
import { parseCommand, parsePastKey, parseSessionCore } from '../../src/session/parse-session.ts';
import { rememberKeys, noPastKeys } from '../../src/session/past-keys.ts';
import { createSession } from '../../src/session/session.ts';

const command = createCommand(
  'c1',
  {
    origin: 'commands',
    scriptBytes: 4,
    digest: 'd',
    idempotencyKey: 'key',
    pushedBy: null,
    merge: false,
    stdin: 'none',
    timeoutSeconds: 0,
    queueSeconds: 600,
  },
  1_700_000_000_000,
);
const listener = attachListener(
  { id: 'listener-1', kind: 'runner', host: 'vm', user: 'root', mode: 'auto' },
  1_700_000_000_000,
);
const reader = { id: 'reader', until: 1_700_000_000_000 };
const { commands: _none, pastKeys: _keys, ...core } = createSession('a'.repeat(64), 1_700_000_000_000);
const [key] =
  rememberKeys(noPastKeys, [{ ...command, endedAt: 1_700_000_000_000 }], 1_700_000_000_001).pages[0] ?? [];

const whole = [
  ['a command', parseCommand, command],
  ['a session', parseSessionCore, { ...core, listener, slotReader: reader, slotResult: 'c1' }],
  ['a key of a forgotten command', parsePastKey, key],
] as const;

test.each(whole)('%s is parsed unchanged, with the fields of a later version', (_name, parse, value) => {
  expect(parse(JSON.parse(JSON.stringify(value)))).toEqual(value);
  expect(parse({ ...value, later: 1 })).toEqual({ ...value, later: 1 });
});

test.each(whole)('%s with any field missing or of a wrong type: rejected', (_name, parse, value) => {
  for (const field of Object.keys(value ?? {})) {
    const { [field]: _dropped, ...rest } = value as unknown as Record<string, unknown>;
    expect(parse(rest), `without ${field}`).toBeUndefined();
    for (const wrong of [undefined, [], {}, 1.5, Number.MAX_VALUE])
      expect(parse({ ...rest, [field]: wrong }), `${field}: ${JSON.stringify(wrong)}`).toBeUndefined();
  }
});

test.each([null, undefined, '', 'c1', 7, [], [command], true])('parseCommand(%j): rejected', (value) => {
  expect(parseCommand(value)).toBeUndefined();
});

test.each([
  ['an id that is a path', { id: 'c1/../c2' }],
  ['an id that starts with 0', { id: 'c0' }],
  ['an id of more digits than a client accepts', { id: `c${'1'.repeat(16)}` }],
  ['an exit status that no process has', { exitStatus: 256 }],
  ['a size below zero', { stdoutBytes: -1 }],
  ['an unknown state', { state: 'paused' }],
  ['a number of bytes as text', { stdoutBytes: '4' }],
  ['the missing bytes of stdout only', { cut: { stdout: 1 } }],
  ['a signal that no client can request', { cancelSignal: 'HUP' }],
])('a command with %s: rejected', (_name, wrong) => {
  expect(parseCommand({ ...command, ...wrong })).toBeUndefined();
});

test('a session whose name is no hash, or with a listener of an unknown kind: rejected', () => {
  expect(parseSessionCore({ ...core, name: '../x' })).toBeUndefined();
  expect(parseSessionCore({ ...core, listener: { ...listener, kind: 'agent' } })).toBeUndefined();
});
