import { expect, test } from 'vitest';
import { startRawHost } from './raw-host.ts';
import { readAnswer } from './read-answer.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';
import { forFile } from '../harness/for-file.ts';

// Malformed and unusual arguments, as hosts and models actually send them.

const relay = useRelay();
const remote = useRemote(relay);
const host = forFile('the MCP host', () => startRawHost(remote.configDir, { REMOTIFY_URL: relay.url }));

const call = (name: string, given: unknown, more = {}) => host.call({ name, arguments: given, ...more });
const exec = (given: unknown) => call('remote_exec', given);

test.each([
  [
    'null for every optional argument',
    { cwd: null, stdin: null, timeout: null, session: null, wait_seconds: null },
  ],
  ['empty strings as optional arguments', { cwd: '', stdin: '', timeout: '', session: '', wait_seconds: '' }],
  ['zero as timeout', { timeout: 0 }],
  ['numbers as strings', { timeout: '30', wait_seconds: '30' }],
  ['numbers with spaces', { timeout: ' 30 ' }],
  ['durations with a unit', { timeout: '5m', wait_seconds: '30s' }],
  ['argument names in another spelling', { waitSeconds: 30, Timeout: 30 }],
])('%s: the command runs, and the answer has no notice', async (_title, more) => {
  const { text, isError } = await exec({ command: 'echo ok', ...more });
  expect([isError, text]).toEqual([false, expect.stringContaining('begin untrusted stdout\nok\n')]);
  expect(text).not.toContain('Note:');
});

test.each([
  ['arguments as JSON text', JSON.stringify({ command: 'echo ok' })],
  ['arguments wrapped in an "arguments" object', { arguments: { command: 'echo ok' } }],
  ['arguments wrapped in "arguments" as JSON text', { arguments: '{"command":"echo ok"}' }],
  ['command as a list of one string', { command: ['echo ok'] }],
  ['command as a list of words', { command: ['echo', 'ok'] }],
])('%s: the command runs', async (_title, given) => {
  expect((await exec(given)).text).toContain('begin untrusted stdout\nok\n');
});

test('command as a list of words: each word arrives unchanged', async () => {
  const { text } = await exec({ command: ['printf', '%s|', "it's", '$HOME', 'a b'] });
  expect(readAnswer(text).untrusted.stdout.head).toBe("it's|$HOME|a b|");
});

test.each([
  [{ timeout: 30.5 }, 'Note: timeout 30.5 was changed to 31.'],
  [{ wait_seconds: 600 }, 'Note: wait_seconds 600 was changed to 50.'],
  [{ wait_seconds: -1 }, 'Note: wait_seconds -1 was changed to 0.'],
  [{ timeout: 1e12 }, 'was changed to 31536000.'],
  [
    { shell: 'bash' },
    'Note: ignored "shell"; remote_exec takes command, cwd, stdin, timeout, session, wait_seconds.',
  ],
])('%j: the command runs, and the answer has a notice about the change', async (more, notice) => {
  const { text, isError } = await exec({ command: `echo ${JSON.stringify(more).length}`, ...more });
  expect([isError, text]).toEqual([false, expect.stringContaining(notice)]);
});

test('flags, choices and ids in other spellings: accepted', async () => {
  const { id } = readAnswer((await exec({ command: 'echo out; echo err >&2' })).text);
  for (const given of [
    { id: id.toUpperCase(), stream: 'STDERR' },
    { id: id.slice(1), stream: 'stderr', tail: '5' },
    { id: Number(id.slice(1)), stream: 'stderr', offset: '0', length: 0 },
    { id, stream: 'stderr', tail: 5, offset: 0, length: 0, search: '' },
  ])
    expect((await call('remote_output', given)).text, JSON.stringify(given)).toContain('stderr\nerr\n');
  for (const signal of ['SIGTERM', 'term', 15])
    expect((await call('remote_cancel', { id, signal })).text).toContain('It had already ended');
  expect((await call('remote_session_reset', { rotate: 'false' })).text).toContain('was reset');
});

test.each([
  ['remote_exec', undefined, 'remote_exec needs command'],
  ['remote_exec', {}, 'for example {"command":"uname -a"}'],
  ['remote_exec', { cmd: 'ls' }, 'has no argument "cmd"; remote_exec takes command, cwd'],
  ['remote_exec', { command: {} }, 'command {} is not accepted: command is shell text'],
  ['remote_exec', { command: [] }, 'command [] is not accepted'],
  ['remote_exec', { command: 'a\0b' }, 'without NUL bytes'],
  ['remote_exec', { command: ' \n ' }, 'command is empty'],
  ['remote_exec', [1], 'the arguments of remote_exec must be an object, not [1]'],
  ['remote_exec', 'ls -la', 'must be an object, not "ls -la"'],
  [
    'remote_exec',
    { command: 'true', timeout: 'soon' },
    'timeout "soon" is not accepted: timeout is a number from 1',
  ],
  ['remote_exec', { command: 'true', timeout: '500ms' }, 'timeout "500ms" is not accepted'],
  ['remote_exec', { command: 'true', timeout: -1 }, 'timeout -1 is not accepted'],
  ['remote_exec', { command: 'true', timeout: true }, 'timeout true is not accepted'],
  ['remote_exec', { command: 'true', session: 'nope' }, 'the stored sessions are session-1 (current)'],
  ['remote_output', { id: 'seven' }, 'ids look like c7'],
  ['remote_output', { id: 'c0' }, 'ids look like c7'],
  ['remote_output', { id: 'c999' }, 'no such command'],
  ['remote_output', { id: 'c1', tail: 5, offset: 10 }, 'tail and offset cannot be used together'],
  ['remote_output', { id: 'c1', tail: 5, search: 'x' }, 'tail and search cannot be used together'],
  [
    'remote_output',
    { id: 'c1', stream: 'stdin' },
    'stream "stdin" is not accepted: stream is stdout or stderr',
  ],
  ['remote_cancel', { id: 'c1', signal: 'HUP' }, 'signal is INT or TERM or KILL'],
  ['remote_session_reset', { rotate: 'maybe' }, 'rotate is true or false'],
  ['remote_write_file', { path: '/x' }, 'remote_write_file needs content'],
  ['remote_write_file', { path: '/x', content: 'y', mode: 'u+x' }, 'permissions as octal digits'],
  [
    'remote_write_file',
    { path: '/x', content: 'y', if_sha256: 'abc' },
    'a SHA-256 as 64 hex digits, or absent',
  ],
  ['remote_read_file', { path: '/x', unit: 'pages' }, 'unit is bytes or lines'],
  ['remote_run', { command: 'ls' }, 'the tools are remote_exec, remote_output'],
] as const)('%s %j: an error with a hint, and nothing runs', async (name, given, words) => {
  const { text, isError } = await call(name, given);
  expect([isError, text]).toEqual([true, expect.stringContaining(words)]);
  expect(text).toContain('Nothing was run by this call. Correct it and call again.');
  expect(text).not.toMatch(/Tell the user|do not look for another way/);
  expect(text.length).toBeLessThan(600);
});

test('a command longer than 1 MiB: an error with size, limit and hint', async () => {
  const { text, isError } = await exec({ command: 'x'.repeat(1024 * 1024 + 1) });
  expect([isError, text]).toEqual([true, expect.stringContaining('1048577 bytes, and at most 1048576')]);
  expect(text).toContain('remote_write_file with append');
});

test('a long argument value or name in an error: truncated and ASCII only', async () => {
  for (const given of [{ command: 'x', timeout: '\u202e'.repeat(5000) }, { ['\u202e'.repeat(5000)]: 1 }]) {
    const { text } = await exec(given);
    expect(text.length).toBeLessThan(1_000);
    expect(text).toMatch(/^[\x20-\x7e\n…]*$/);
  }
});

test('null in metadata, null arguments or empty arguments: the call is answered', async () => {
  for (const params of [
    { name: 'remote_session_info', _meta: null },
    { name: 'remote_session_info', _meta: { progressToken: null }, arguments: null },
    { name: 'remote_session_info', arguments: '' },
    { name: 'remote_session_info', arguments: 'null' },
  ])
    expect((await host.call(params)).text, JSON.stringify(params)).toContain('A listener is connected');
});

test('an invalid line: answered with an error, and the next request works', async () => {
  expect((await host.send('nonsense', null)).error?.code).toBe(-32_700);
  expect((await host.send('{"jsonrpc":"2.0","id":"odd"}', 'odd')).error?.code).toBe(-32_600);
  expect((await host.send('{"jsonrpc":"2.0","id":"p","method":"ping"}', 'p')).result).toEqual({});
  const batch = ['q', 'r'].map((id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
  expect((await host.send(JSON.stringify(batch), 'r')).result).toEqual({});
});
