import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandStates } from '../../src/protocol/command-states.ts';
import { parseCancelAnswer, parseCommandList, parseCommandView } from '../../src/protocol/command-view.ts';
import {
  parseFields,
  parseJsonFields,
  readNumber,
  readText,
  renderJson,
} from '../../src/protocol/json-fields.ts';
import { addAutoMode, parseSessionPayload } from '../../src/protocol/session-payload.ts';
import { parseStatusPayload } from '../../src/protocol/status-payload.ts';
import { seed } from '../harness/seed.ts';

const key = '0123456789abcdef0123456789abcdef';

const view = {
  id: 'c1',
  state: 'finished',
  exit_status: 3,
  signal: 'KILL',
  reason: 'gone',
  position: 0,
  origin: 'commands',
  pushed_by: 'ann@desk',
  text: 'true',
  script_bytes: 4,
  stdin_bytes: 0,
  stdout_bytes: 1,
  stderr_bytes: 2,
  missing_bytes: 0,
  missing_reason: null,
  pushed_at: 1,
  shown_at: 2,
  started_at: 2,
  ended_at: 3,
  duration_ms: 1,
  cancel_signal: 'TERM',
  listener: 'host',
};

const payload = {
  key,
  ttl_seconds: 10_800,
  urls: { cmd: 'a', result: 'b', runner: 'c', api: 'd' },
  remote_quickstart: 'curl | bash',
  exec: 'curl',
  version: '1.2.3',
  features: ['commands'],
  listener_key: key,
};

const listener = {
  host: 'h',
  user: 'u',
  mode: 'auto',
  kind: 'runner',
  attached: true,
  seen_seconds_ago: 2,
};

const status = {
  cmd_queued: true,
  result_queued: false,
  cmd_in_flight: true,
  cmd_in_flight_seconds_ago: 4,
  listener_seen_seconds_ago: 2,
  listener,
  queue_length: 1,
  current: 'c1',
  revision: 9,
  now: 1_700_000_000_000,
};

const parsers = [
  ['parseSessionPayload', parseSessionPayload, payload],
  ['parseStatusPayload', parseStatusPayload, status],
  ['parseCommandView', parseCommandView, view],
  ['parseCommandList', parseCommandList, { commands: [view, view] }],
  ['parseCancelAnswer', parseCancelAnswer, { outcome: 'signalled', command: view }],
] as const;

/** A damaged copy: each field is unchanged, missing, or of another type. */
function spoil(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null) return fc.oneof(fc.constant(value), fc.jsonValue());
  if (Array.isArray(value)) return fc.oneof(fc.array(spoil(value[0])), fc.jsonValue());
  const fields = Object.entries(value).map(([name, field]) => [name, spoil(field)] as const);
  return fc.oneof(
    { weight: 9, arbitrary: fc.record(Object.fromEntries(fields), { requiredKeys: [] }) },
    fc.jsonValue(),
  );
}

/** The type of each field, nested: what a caller may rely on. */
function kindOf(value: unknown): unknown {
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, kindOf(field)]));
}

describe.each(parsers)('%s', (_name, parse, whole) => {
  test('response of a relay: all fields are read', () => {
    const sent: unknown = JSON.parse(renderJson(whole));
    const read = parse(sent);
    expect(read).toEqual('commands' in whole ? whole.commands : whole);
  });

  test('unknown field: it is left out', () => {
    const read = parse({ ...whole, surprise: { of: 'a later relay' } });
    expect(JSON.stringify(read)).not.toContain('surprise');
  });

  test('arbitrary value: it does not throw', () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withSparseArray: true, withBigInt: true }),
        (value) => {
          parse(value);
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  test('damaged response: undefined, or every field has the right type', () => {
    const kinds = kindOf(parse(whole));
    fc.assert(
      fc.property(spoil(whole), (value) => {
        const read: unknown = parse(value);
        if (read === undefined || Array.isArray(read)) return;
        expectKinds(kindOf(read), kinds);
      }),
      { seed, numRuns: 500 },
    );
  });
});

/** Each field has the type that it has in a complete response, or is null or absent. */
function expectKinds(read: unknown, whole: unknown, where = ''): void {
  if (typeof read !== 'object' || typeof whole !== 'object' || read === null || whole === null) {
    expect([whole, 'null'], where).toContain(read);
    return;
  }
  for (const [name, kind] of Object.entries(read)) {
    expect(Object.keys(whole), where).toContain(name);
    expectKinds(kind, (whole as Record<string, unknown>)[name], `${where}.${name}`);
  }
}

test.each([
  ['no key', { ...payload, key: undefined }],
  ['a key in capitals', { ...payload, key: key.toUpperCase() }],
  ['no line to paste', { ...payload, remote_quickstart: 7 }],
  ['no URLs', { ...payload, urls: 'http://x' }],
])('session payload with %s: it is rejected', (_name, value) => {
  expect(parseSessionPayload(value)).toBeUndefined();
});

test('session payload of a legacy relay: no version, features or listener key', () => {
  const { version: _version, features: _features, listener_key: _key, ...original } = payload;
  expect(parseSessionPayload(original)).toEqual(original);
});

test.each([
  { ...view, id: 'c0' },
  { ...view, id: 7 },
  { ...view, state: 'done' },
  { ...view, state: undefined },
  { ...view, exit_status: 256 },
  { ...view, exit_status: -1 },
  { ...view, exit_status: 1.5 },
  { ...view, exit_status: '0' },
  // Converting this one to a number would throw.
  { ...view, exit_status: [{ toString: 0 }] },
  [],
  null,
])('malformed command: it is rejected: %j', (value) => {
  expect(parseCommandView(value)).toBeUndefined();
  expect(parseCommandList({ commands: [view, value] })).toBeUndefined();
  expect(parseCancelAnswer({ outcome: 'ended', command: value })).toBeUndefined();
});

test.each([0, 255, null])('exit status %j: it is accepted', (exitStatus) => {
  expect(parseCommandView({ ...view, exit_status: exitStatus })?.exit_status).toBe(exitStatus);
});

test.each([-1, 1e15, 1e300, Infinity])('size, age or time of %d: it counts as absent', (value) => {
  const read = parseCommandView({ ...view, stdout_bytes: value, duration_ms: value, started_at: value });
  expect(read).toEqual({ ...view, stdout_bytes: 0, duration_ms: null, started_at: null });
  const { cmd_in_flight_seconds_ago: age } = parseStatusPayload({
    ...status,
    cmd_in_flight_seconds_ago: value,
  }) ?? { cmd_in_flight_seconds_ago: 0 };
  expect(age).toBeNull();
});

test('size with a fraction: it is rounded down', () => {
  expect(parseCommandView({ ...view, stdout_bytes: 1.5 })?.stdout_bytes).toBe(1);
});

test.each(commandStates)('command in state %s: clients accept it', (state) => {
  expect(parseCommandView({ ...view, state })?.state).toBe(state);
});

test.each([
  ['an object', '{"a": 1}', { a: 1 }],
  ['an array', '[1]', undefined],
  ['a number', '7', undefined],
  ['null', 'null', undefined],
  ['nothing', '', undefined],
  ['half an object', '{"a": ', undefined],
  ['a page', '<html>', undefined],
])('parseJsonFields of %s: the object, or undefined', (_name, text, expected) => {
  expect(parseJsonFields(text)).toEqual(expected);
});

test('field of the wrong type: it counts as absent', () => {
  const fields = parseFields({ text: 'a', number: 1 }) ?? {};
  expect([readText(fields, 'text'), readText(fields, 'number'), readText(fields, 'toString')]).toEqual([
    'a',
    undefined,
    undefined,
  ]);
  expect([readNumber(fields, 'number'), readNumber(fields, 'text')]).toEqual([1, undefined]);
  for (const value of [Number.NaN, Infinity, -Infinity, -1, 1e15])
    expect(readNumber({ value }, 'value')).toBeUndefined();
});

test('renderJson: indented with two spaces, so that grep finds `"ok": true`', () => {
  expect(renderJson({ ok: true })).toBe('{\n  "ok": true\n}\n');
});

test.each([
  `curl -q -fsSL -g --proto '=http' 'http://h/r/${key}' | bash`,
  `curl -fsSL 'http://h/r/${key}' | bash`,
  `curl -fsSL "http://h/r/${key}" | bash`,
  `curl http://h/r/${key} | bash`,
])('auto mode is added once to the line %s', (line) => {
  expect(addAutoMode(line)).toBe(line.replace(key, `${key}?mode=auto`));
  expect(addAutoMode(addAutoMode(line))).toBe(addAutoMode(line));
});
