import { createHash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { startRemote } from '../harness/remote.ts';
import { curl, startCurl } from '../harness/curl.ts';
import { introduce, openResource } from '../harness/resource.ts';
import { makeSession } from '../harness/slot-session.ts';
import { startSpiedRelay } from '../harness/spied-relay.ts';
import { forTest } from '../harness/for-test.ts';

type Options = { level?: string; flags?: string[] };

/** A relay with an audit log, a session, and its short name. */
async function setUp({ level = '1', flags = [] }: Options = {}) {
  const relay = await startSpiedRelay({ env: { AUDIT_LOG: level }, flags });
  const session = await makeSession(relay);
  const name = createHash('sha256').update(session.listener_key).digest('hex').slice(0, 8);
  /** The lines of this session without its name, with `N` for numbers of milliseconds. */
  const told = () =>
    relay
      .lines('audit')
      .filter((line) => line.startsWith(`session ${name} `))
      .map((line) => line.slice(`session ${name} `.length).replaceAll(/_ms=\d+/g, '_ms=N'));
  return { relay, session, name, told, ...openResource(relay.url, session) };
}

const here = 'from 127.0.0.1';

test('commands run and cancelled, listener and session end: one line each, with address, name, times and bytes', async () => {
  const { relay, told, ask, listen } = await setUp();
  await ask('POST', '/commands', 'echo hello', '-H', 'Remotify-Client: alice@desk');
  await listen('one', 'GET', '/next');
  await listen(
    'one',
    'POST',
    '/commands/c1/finish?exit_status=3&stdout_bytes=6&stderr_bytes=4',
    'hello\noops',
  );
  await ask('POST', '/commands', 'sleep 9');
  await ask('DELETE', '/commands/c2');
  await listen('one', 'POST', '/leave');
  await ask('DELETE', '');
  await relay.findLine('audit', / ended from 127\.0\.0\.1$/);
  expect(told()).toEqual([
    `created ${here}`,
    `command c1 pushed ${here} by alice@desk bytes=10`,
    `listener attached ${here} by ann@one-host door=runner mode=auto`,
    `command c1 started ${here} by ann@one-host waited_ms=N`,
    `command c1 ended ${here} by ann@one-host state=finished exit_status=3 waited_ms=N ran_ms=N stdout=6 stderr=4`,
    expect.stringMatching(/^command c2 pushed from 127\.0\.0\.1 by curl\/[\w.-]+ bytes=7$/),
    `command c2 cancelled ${here} state=cancelled waited_ms=N reason="cancelled before it ran"`,
    `listener left ${here} by ann@one-host door=runner mode=auto`,
    `ended ${here}`,
  ]);
});

test('listener without user and host: its name is unknown', async () => {
  const { told, ask, session } = await setUp();
  await ask('POST', '/commands', 'true');
  const request = [
    '-H',
    'Remotify-Listener: nameless00000000',
    '-H',
    'Remotify-Host:  ',
    '-H',
    'Remotify-Mode: auto',
  ];
  const key = ['-H', `Authorization: Bearer ${session.listener_key}`];
  await curl([...request, ...key, `${new URL(session.urls.api).origin}/api/session/self/next`]);
  expect(told()).toContain(`listener attached ${here} by unknown door=runner mode=auto`);
  expect(told()).toContain(`command c1 started ${here} by unknown waited_ms=N`);
});

test('declined command: the reason is logged only with --audit-log text', async () => {
  for (const level of ['1', 'text']) {
    const { relay, told, ask, listen } = await setUp({ level });
    const supervised = introduce('one', { mode: 'supervised' });
    await ask('POST', '/commands', 'rm -r /');
    await listen('one', 'GET', '/next', undefined, ...supervised.slice(-2));
    await listen('one', 'POST', '/commands/c1/decline', 'not on my watch');
    await relay.findLine('audit', / declined /);
    const reason = level === 'text' ? ' reason="not on my watch"' : '';
    expect(told().slice(-2)).toEqual([
      `command c1 shown ${here} by ann@one-host`,
      `command c1 declined ${here} by ann@one-host state=declined waited_ms=N${reason}`,
    ]);
    expect(relay.stderr().includes('watch')).toBe(level === 'text');
    expect(relay.stderr().includes('rm -r')).toBe(level === 'text');
  }
});

test('running command signalled, its listener cut off and connected again: signalled, gone, back', async () => {
  const { relay, told, ask, listen, session } = await setUp();
  await ask('POST', '/commands', 'sleep 60');
  await listen('one', 'GET', '/next');
  await ask('DELETE', '/commands/c1?signal=INT');
  const bearer = ['-H', `Authorization: Bearer ${session.listener_key}`];
  const control = `${relay.url}/api/session/self/commands/c1/control?seen=1`;
  const poll = startCurl([...bearer, ...introduce('one'), control]);
  onTestFinished(poll.kill);
  await poll.sent;
  await poll.kill();
  await relay.findLine('audit', / gone /);
  await listen('one', 'GET', '/commands/c1/control?seen=0');
  await relay.findLine('audit', / back /);
  expect(told().slice(4)).toEqual([
    `command c1 signalled ${here} signal=INT`,
    `listener gone ${here} by ann@one-host door=runner mode=auto`,
    `listener back ${here} by ann@one-host door=runner mode=auto`,
  ]);
});

test('runner takes over from a slot listener with a command in flight: taken over, and the command is lost', async () => {
  const { relay, told, session, listen } = await setUp();
  await session.push('sleep 60', '-A', 'seed');
  await session.take();
  await listen('two', 'GET', '/next?wait=0');
  await relay.findLine('audit', / ended /);
  expect(told().slice(4)).toEqual([
    `listener taken over ${here} by ann@two-host door=runner mode=auto former=slot`,
    `command c1 ended ${here} by slot state=lost waited_ms=N ran_ms=N stdout=0 stderr=0 reason="another listener took over"`,
  ]);
});

test('command and session that expire: one line each, from clock', async () => {
  const { relay, told, ask } = await setUp({ flags: ['--session-ttl', '2'] });
  await ask('POST', '/commands?expires=1', 'true');
  await relay.findLine('audit', / expired /);
  expect(told().slice(2)).toEqual([
    'command c1 ended from clock state=expired waited_ms=N stdout=0 stderr=0 reason="it was not started in time"',
    'expired from clock',
  ]);
});

test('push through a trusted proxy: the line has the forwarded address', async () => {
  const { told, ask, relay } = await setUp({ flags: ['--trust-proxy', '1'] });
  await ask('POST', '/commands', 'true', '-H', 'X-Forwarded-For: 192.0.2.9, 198.51.100.7');
  await relay.findLine('audit', / pushed /);
  expect(told()[1]).toMatch(/^command c1 pushed from 198\.51\.100\.7 by /);
});

test('commands through the slots: pushed, replaced, started and ended', async () => {
  const { relay, told, session } = await setUp();
  await session.push('uname', '-A', 'seed');
  await session.push('uname -a', '-A', 'seed');
  await session.take();
  await session.answer('Linux\n');
  await relay.findLine('audit', /state=finished/);
  expect(told().slice(1)).toEqual([
    `command c1 pushed ${here} by seed bytes=5`,
    `command c1 cancelled ${here} state=cancelled waited_ms=N reason="replaced by a later command"`,
    `command c2 pushed ${here} by seed bytes=8`,
    `listener attached ${here} by slot door=slot mode=unknown`,
    `command c2 started ${here} by slot waited_ms=N`,
    `command c2 ended ${here} by slot state=finished waited_ms=N ran_ms=N stdout=6 stderr=0`,
  ]);
});

test('command of a runner that was started by the pasted line: the line of its end has status, times and bytes', async () => {
  const relay = await startSpiedRelay({ env: { AUDIT_LOG: '1' } });
  const remote = await forTest(startRemote(relay));
  const { exitCode } = await remote.run(['exec', 'echo out; echo err >&2; exit 4']);
  expect(exitCode).toBe(4);
  const line = await relay.findLine('audit', /command c1 ended/);
  expect(line).toMatch(/state=finished exit_status=4 waited_ms=\d+ ran_ms=\d+ stdout=4 stderr=4$/);
});

test('--audit-log text, arbitrary scripts: one line of ASCII each, long scripts are truncated', async () => {
  const { relay, ask } = await setUp({ level: 'text' });
  const nasty = `echo "a'\\"\n\r\u001b[2J\u0085\u202e\u2028é\u{1f600} \t#`;
  await ask('POST', '/commands', nasty);
  const line = await relay.findLine('audit', /command c1 pushed/);
  expect(line).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(line.slice(line.indexOf(' text=') + 6))).toBe(nasty);
  expect(relay.stderr()).toMatch(/^[\x20-\x7e\n]+$/);

  // The limit is inside a character of three bytes; all characters before it are logged.
  await ask('POST', '/commands', `${'x'.repeat(4095)}€${'y'.repeat(100)}`);
  const cut = await relay.findLine('audit', /command c2 pushed/);
  expect(cut).toMatch(/bytes=4198 text="x{4095}" text_left_out=103$/);
});

test('--audit-log text, script with a key: the key is hidden, also if it is truncated', async () => {
  const { relay, session, ask } = await setUp({ level: 'text' });
  const digest = createHash('sha256').update('a file').digest('hex').slice(0, 31);
  await ask('POST', '/commands', `curl ${session.urls.cmd}; echo ${digest}`);
  const line = await relay.findLine('audit', /command c1 pushed/);
  expect(line).toContain(`/cmd-${session.key.slice(0, 4)}...; echo ${digest}`);
  // Twenty digits of the key are before the limit.
  await ask('POST', '/commands', `${' '.repeat(4075)}:${session.key}`);
  const cut = await relay.findLine('audit', /command c2 pushed/);
  expect(cut).toMatch(/text=" {4075}:" text_left_out=32$/);
  expect(relay.stderr()).not.toContain(session.key.slice(0, 9));
});

test('listener whose name imitates other fields or has a key: the name is quoted and the key hidden', async () => {
  const { relay, ask, session } = await setUp();
  const evil = introduce('one', { host: 'a" state=finished \u202e é', user: `u ${session.key}` });
  const bearer = ['-H', `Authorization: Bearer ${session.listener_key}`];
  const poll = startCurl([...bearer, ...evil, `${relay.url}/api/session/self/next?wait=0`]);
  expect((await poll.answer).status).toBe(204);
  const line = await relay.findLine('audit', /attached/);
  expect(line).toMatch(/ by "u [0-9a-f]{4}\.\.\.@a\\" state=finished \?+ \?+" door=runner mode=auto$/);
  expect((await ask('GET', '/status')).status).toBe(200);
});

test('refused and repeated pushes: no line', async () => {
  const { relay, told, ask } = await setUp();
  await ask('POST', '/commands', '   ');
  await ask('POST', '/commands', 'true', '-H', 'Idempotency-Key: k');
  await ask('POST', '/commands', 'true', '-H', 'Idempotency-Key: k');
  await ask('POST', '/commands', 'false', '-H', 'Idempotency-Key: k');
  await ask('DELETE', '');
  await relay.findLine('audit', / ended /);
  expect(told().map((line) => line.replace(/ from .*/, ''))).toEqual([
    'created',
    'command c1 pushed',
    'ended',
  ]);
});

test('AUDIT_LOG=0: no audit lines', async () => {
  const { relay, ask } = await setUp({ level: '0' });
  await ask('POST', '/commands', 'true');
  await relay.kill('SIGTERM');
  expect(relay.stderr()).not.toMatch(/audit|pushed|c1/);
});
