import { describe, type ExpectStatic, test, type TestContext } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { type LegacyAnswer, render } from '../harness/legacy-answer.ts';
import { type LegacyRelay, type LegacyRelayOptions, startLegacyRelay } from '../harness/legacy-relay.ts';
import { startSlotListener } from '../harness/slot-listener.ts';
import type { SessionPayload } from '../harness/slot-session.ts';

// `exec` on a legacy relay: unusual forms of answers, and failures before the result arrives.

type Alter = NonNullable<LegacyRelayOptions['alter']>;

const isResultPoll = (request: string) => request.startsWith('GET /result-');
const html = (status: number): LegacyAnswer => ({
  status,
  type: 'text/html',
  body: Buffer.from('<html><body><center><h1>nginx</h1></center></body></html>\n'),
});

/** Alters only the answers without a result. */
const empty =
  (change: (answer: LegacyAnswer, nth: number) => LegacyAnswer | Buffer): Alter =>
  (answer, request, nth) =>
    isResultPoll(request) && answer.status === 204 ? change(answer, nth) : answer;

const result =
  (change: (answer: LegacyAnswer) => LegacyAnswer | Buffer): Alter =>
  (answer, request) =>
    isResultPoll(request) && answer.status === 200 ? change(answer) : answer;

const raw = (...lines: string[]) => Buffer.from(lines.join('\r\n'), 'latin1');

const harmless: [string, Alter][] = [
  ['204 with the content type of an error page', (answer) => answer],
  [
    '204 with a body and a Content-Length',
    empty(() =>
      raw('HTTP/1.1 204 No Content', 'Content-Type: text/html', 'Content-Length: 9', '', 'no result'),
    ),
  ],
  [
    '204 with Content-Length: 0 and keep-alive',
    empty(() => raw('HTTP/1.1 204 No Content', 'Content-Length: 0', 'Connection: keep-alive', '', '')),
  ],
  [
    '204 with chunked encoding',
    empty(() => raw('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked', '', '0', '', '')),
  ],
  ['204 without a content type', empty(() => raw('HTTP/1.1 204 No Content', 'Connection: close', '', ''))],
  ['204 of HTTP/1.0', empty((answer) => render(answer, '1.0'))],
  [
    'a charset in the content type of the result',
    result((answer) => ({ ...answer, type: 'text/plain; charset=UTF-8' })),
  ],
  [
    'a result in HTTP/1.0 without a content type, ended by the close of the connection',
    result(({ body }) => Buffer.concat([raw('HTTP/1.0 200 OK', '', ''), body])),
  ],
  [
    'a result with chunked encoding',
    result(({ body }) =>
      Buffer.concat([
        raw('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', `${body.length.toString(16)}`, ''),
        body,
        raw('', '0', '', ''),
      ]),
    ),
  ],
  ['502 of a proxy at every second poll', empty((answer, nth) => (nth % 2 === 0 ? html(502) : answer))],
  ['504 of a proxy at the end of each poll', empty(() => html(504))],
  ['500 of PHP, three times', empty((answer, nth) => (nth < 3 ? html(500) : answer))],
  ['polls that break off without an answer', empty((answer, nth) => (nth < 2 ? Buffer.alloc(0) : answer))],
  [
    'polls that break off within the head',
    empty((answer, nth) => (nth < 2 ? raw('HTTP/1.1 204 No Con') : answer)),
  ],
];

const fatal: [string, Alter, RegExp, number][] = [
  ['a web page with 200', empty(() => html(200)), /is not a relay: it answered 200 with a web page/, 255],
  ['404 of a proxy', empty(() => html(404)), /is not a relay: it answered 404/, 255],
  ['403 of a firewall', empty(() => html(403)), /is not a relay: it answered 403/, 255],
  [
    'a redirect',
    empty(() => ({ ...html(302), headers: ['Location: https://portal.example/'] })),
    /points elsewhere/,
    255,
  ],
  ['206', empty(() => ({ ...html(206), type: 'text/plain' })), /is not a relay: it answered 206/, 255],
];

async function setUp({ onTestFinished }: TestContext, options: LegacyRelayOptions) {
  const relay = await startLegacyRelay(options);
  onTestFinished(relay.close);
  const client = await makeClient(relay);
  onTestFinished(client.remove);
  const made = await client.runJson<SessionPayload>('new');
  return { ...client, relay, made };
}

const isDropped = (relay: LegacyRelay) =>
  relay.requests.some((request) => request.startsWith('DELETE /cmd-'));

/** The slot is empty: a listener that polls now gets no command. */
async function expectNothingQueued({ made }: { made: SessionPayload }, expect: ExpectStatic) {
  expect((await curl([`${made.urls.cmd}?nowait=1`])).status).toBe(204);
}

describe.concurrent('exec on a legacy relay', () => {
  test.for(harmless)('%s: the command runs', async ([, alter], context) => {
    const { run, relay, made } = await setUp(context, { alter });
    const listener = await startSlotListener(relay.url, made.key);
    context.onTestFinished(listener.stop);
    const ran = await run(['exec', 'echo out; sleep 1.5; printf end; exit 7'], { deadlineMs: 60_000 });
    context.expect(ran).toMatchObject({ exitCode: 7, text: 'out\nend' });
    context.expect(ran.stderr).not.toContain('error');
    context.expect(isDropped(relay)).toBe(false);
  });

  test('an empty result with 200: 255, as there is no exit status', async (context) => {
    const { run, relay, made } = await setUp(context, {
      alter: result((answer) => ({ ...answer, body: Buffer.alloc(0) })),
    });
    const listener = await startSlotListener(relay.url, made.key);
    context.onTestFinished(listener.stop);
    const ran = await run(['exec', 'echo out']);
    context.expect(ran).toMatchObject({ exitCode: 255, text: '' });
    context.expect(ran.stderr).toContain('the command ended without an exit status');
  });

  test.for(fatal)(
    '%s during the wait: the command is deleted from the slot',
    async ([, alter, error, status], context) => {
      const session = await setUp(context, { alter });
      const ran = await session.run(['exec', 'true']);
      context.expect(ran).toMatchObject({ exitCode: status, text: '' });
      context.expect(ran.stderr).toMatch(error);
      context.expect(ran.stderr).not.toContain('may still be queued');
      await expectNothingQueued(session, context.expect);
    },
  );

  test('the answer to the push is lost: the command is deleted from the slot', async (context) => {
    const alter: Alter = (answer, request) => (request.startsWith('POST /cmd-') ? Buffer.alloc(0) : answer);
    const session = await setUp(context, { alter });
    context.expect(await session.run(['exec', 'true'])).toMatchObject({ exitCode: 255, text: '' });
    context.expect(isDropped(session.relay)).toBe(true);
    await expectNothingQueued(session, context.expect);
  });

  test('a proxy refuses the push with 413: another client’s command stays', async (context) => {
    const alter: Alter = (answer, request) => (request.startsWith('POST /cmd-') ? html(413) : answer);
    const session = await setUp(context, { alter });
    context.expect(await session.run(['exec', 'true'])).toMatchObject({ exitCode: 255 });
    context.expect(isDropped(session.relay)).toBe(false);
  });

  test('the delete fails too: the error says that the command may still be queued', async (context) => {
    const alter: Alter = (answer, request) =>
      isResultPoll(request) ? html(404) : request.startsWith('DELETE /cmd-') ? html(403) : answer;
    const { run } = await setUp(context, { alter });
    const ran = await run(['exec', 'true']);
    context.expect(ran.exitCode).toBe(255);
    context.expect(ran.stderr).toContain('the command may still be queued; `remotify cancel` drops it');
  });

  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)(
    '%s while it is queued, during 502s: %i, and the command is deleted from the slot',
    async ([signal, status], context) => {
      const session = await setUp(context, {
        alter: empty((answer, nth) => (nth % 2 === 0 ? html(502) : answer)),
      });
      const exec = session.start(['exec', 'true']);
      await eventually('a poll has failed', 15_000, () => exec.stderr().includes('trying again'));
      exec.child.kill(signal);
      context.expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: status });
      await expectNothingQueued(session, context.expect);
    },
  );

  test('SIGTERM after a listener took the command: 143, and a message that it was taken', async (context) => {
    const session = await setUp(context, {});
    const exec = session.start(['exec', 'true']);
    await eventually('the command is taken', 15_000, async () => {
      return (await curl([`${session.made.urls.cmd}?nowait=1`])).status === 200;
    });
    exec.child.kill('SIGTERM');
    context.expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 143 });
    context.expect(exec.stderr()).toContain('a listener already took the command');
  });

  test('a second Ctrl-C while the relay does not answer the delete: exec ends immediately', async (context) => {
    let isAway = false;
    const alter: Alter = (answer) => (isAway ? html(503) : answer);
    const session = await setUp(context, { alter });
    const exec = session.start(['exec', 'true']);
    await eventually('exec polls', 15_000, () => session.relay.requests.some(isResultPoll));
    isAway = true;
    exec.child.kill('SIGINT');
    await eventually('exec deletes the command', 10_000, () => isDropped(session.relay));
    exec.child.kill('SIGINT');
    context.expect(await withDeadline(exec.closed, 4_000, 'exec ends')).toMatchObject({ code: 130 });
    context.expect(exec.stderr()).toContain('may still be queued');
  });
});

describe.concurrent('exec --wait on a legacy relay', () => {
  test('--wait 0 without a listener: 255, and nothing is pushed', async (context) => {
    const { run, relay } = await setUp(context, {});
    const ran = await run(['exec', '--wait', '0', 'true']);
    context.expect(ran.exitCode).toBe(255);
    context.expect(ran.stderr).toContain('no listener is connected');
    context.expect(relay.requests.filter((request) => request.startsWith('POST /cmd-'))).toEqual([]);
  });

  test('--wait 0 with a listener that polls: the command runs', async (context) => {
    const { run, relay, made } = await setUp(context, {});
    const listener = await startSlotListener(relay.url, made.key);
    context.onTestFinished(listener.stop);
    await eventually('the listener polls', 15_000, () =>
      relay.requests.some((one) => one.startsWith('GET /cmd-')),
    );
    context
      .expect(await run(['exec', '--wait', '0', 'echo ran']))
      .toMatchObject({ exitCode: 0, text: 'ran\n' });
  });

  test('--wait 1s and a command of 3 s: the limit applies only until a listener takes the command', async (context) => {
    const { run, relay, made } = await setUp(context, {});
    const listener = await startSlotListener(relay.url, made.key);
    context.onTestFinished(listener.stop);
    context
      .expect(await run(['exec', '--wait', '1s', 'sleep 3; echo end']))
      .toMatchObject({ exitCode: 0, text: 'end\n' });
  });
});
