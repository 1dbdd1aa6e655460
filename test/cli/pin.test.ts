import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { waitForState } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// `remotify new --pin`: for relays that other people run.

const relay = useRelay();

/** A client that reaches its relay through a proxy; `tamper` makes the proxy change the script of the listener. */
async function setUp() {
  const proxy = await forTest(startFaultProxy());
  proxy.aim(relay);
  const client = await forTest(makeClient(proxy));
  const isScript = (target: string) => target.startsWith('/r/');
  const tamper = () =>
    proxy.setRules({
      onAnswer: ({ target }, { status, body }) =>
        isScript(target)
          ? {
              fault: 'canned',
              status,
              body: body.toString().replace('main "$@"', 'touch "$TMPDIR/hit"; main "$@"'),
            }
          : undefined,
    });
  return { client, tamper };
}

test('a pinned line runs the script of the relay, exec and end work', async () => {
  const { client } = await setUp();
  const line = await client.makeSession('--auto', '--pin');
  expect(line).toMatch(/^\(f=.* curl -q -fsS -g .* \| grep -Eq '\^\([0-9a-f]{64}\|[0-9a-f]{64}\) ' /);
  const listener = await forTest(startListener(line));
  await waitForState(client, 'the listener is attached', (state) => state.listener?.attached === true);
  expect((await client.run(['exec', 'echo pinned; exit 3'])).text).toBe('pinned\n');
  expect((await client.run(['end'])).exitCode).toBe(0);
  expect(await withDeadline(listener.exited, 10_000, 'the listener ends')).toMatchObject({ code: 0 });
  expect(await readdir(listener.temporaryFolder)).toEqual([]);
});

test('a changed script: the pinned line does not run it', async () => {
  const { client, tamper } = await setUp();
  const line = await client.makeSession('--auto', '--pin');
  tamper();
  const listener = await forTest(startListener(line));
  const { code } = await withDeadline(listener.exited, 10_000, 'the line ends');
  expect([code, listener.output()]).toEqual([
    1,
    'remotify: error: not the pinned script: the relay has another version, or the script was changed\n',
  ]);
  expect(await readdir(listener.temporaryFolder)).toEqual([]);
});

test('new --pin on a relay with another script: an error that names it, and nothing is stored', async () => {
  const { client, tamper } = await setUp();
  tamper();
  const { exitCode, text, stderr } = await client.run(['new', '--pin']);
  expect([exitCode, text]).toEqual([255, '']);
  expect(stderr).toMatch(/remotify: error: the script of http\S+ differs from that of remotify /);
  expect((await client.run(['list', '--json'])).text).toContain('"sessions": []');
});

test('a pinned line of an ended session: a message, and 1', async () => {
  const { client } = await setUp();
  const line = await client.makeSession('--auto', '--pin');
  await client.run(['end']);
  const listener = await forTest(startListener(line));
  const { code } = await withDeadline(listener.exited, 10_000, 'the line ends');
  expect([code, listener.output()]).toEqual([
    1,
    'remotify: this session has ended; ask for a new line (remotify new)\n',
  ]);
  expect(await readdir(listener.temporaryFolder)).toEqual([]);
});

test('new --pin on a relay with another --public-url: an error, and nothing is stored', async () => {
  const evil = 'http://evil.example:81';
  const hostile = await forTest(startRelay({ flags: ['--public-url', evil] }));
  const client = await forTest(makeClient(hostile));
  const { exitCode, text, stderr } = await client.run(['new', '--pin']);
  expect([exitCode, text]).toEqual([255, '']);
  expect(stderr).toContain(`cannot pin: the relay at ${hostile.url} calls itself ${evil}\n`);
  expect((await client.run(['list', '--json'])).text).toContain('"sessions": []');
});
