import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { openRaw, type RawAnswer, type RawConnection } from '../harness/raw-connection.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { forTest } from '../harness/for-test.ts';

/** Longer than any deadline here, so no poll is answered because it timed out. */
const longPoll = ['--long-poll', '25s'];

type Session = { key: string; listener_key: string };

async function start(...flags: string[]): Promise<Relay> {
  const relay = await forTest(startRelay({ flags: [...longPoll, ...flags] }));
  return relay;
}

async function makeSession(relay: Relay): Promise<Session> {
  const made = await fetch(`${relay.url}/api/session`, { method: 'POST' });
  return (await made.json()) as Session;
}

const post = (relay: Relay, path: string, body: string) => fetch(relay.url + path, { method: 'POST', body });

/** A held poll. */
type Poll = {
  answer: Promise<RawAnswer>;
  hasAnswer: () => boolean;
  connection: RawConnection;
  /** When it was sent. */
  since: number;
};

type Ask = (relay: Relay, session: Session, from?: string) => Promise<Poll>;

const asks = (path: (session: Session) => string, headers: string[] = []): Ask => {
  return async (relay, session, from = '127.0.0.1') => {
    const connection = await openRaw(relay, { localAddress: from });
    onTestFinished(connection.destroy);
    const lines = [`GET ${path(session)} HTTP/1.1`, 'Host: localhost', ...headers];
    let has = false;
    const answer = connection.next({ deadlineMs: 30_000 });
    answer.then(
      () => {
        has = true;
      },
      () => {},
    );
    connection.send(`${lines.join('\r\n')}\r\n\r\n`);
    return { answer, hasAnswer: () => has, connection, since: performance.now() };
  };
};

const askResult = asks(({ key }) => `/result-${key}`);
const askStatus = asks(({ key }) => `/api/session/${key}/status?wait=25&after=1000000`);
const askOutput = asks(({ key }) => `/api/session/${key}/commands/c1/output?wait=25`);
const askCommand = asks(({ key }) => `/api/session/${key}/commands/c1?wait=25&state=queued`);

/** Sends `count` polls; the relay holds each one before the next is sent. */
async function holdInTurn(
  relay: Relay,
  count: number,
  sessionOf: (nth: number) => Session,
  from?: (nth: number) => string,
): Promise<Poll[]> {
  const polls: Poll[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    polls.push(await askResult(relay, sessionOf(nth), from?.(nth)));
    // Requests on different connections have no fixed order: these two are answered after the relay has received the poll.
    await fetch(`${relay.url}/api/health`);
    await fetch(`${relay.url}/api/session/${sessionOf(nth).key}/commands`);
  }
  return polls;
}

async function expectGaveWay(poll: Poll | undefined): Promise<void> {
  if (!poll) throw new Error('no such poll');
  const { status } = await withDeadline(poll.answer, 3_000, 'the oldest poll is evicted');
  expect(status).toBe(204);
}

/** Expects that the relay still holds the polls. It answers an evicted poll only once it has waited for a second. */
async function expectHeld(relay: Relay, polls: readonly Poll[]): Promise<void> {
  const newest = Math.max(0, ...polls.map(({ since }) => since));
  await untilPassed('evicted polls are answered', 1_200, newest);
  await fetch(`${relay.url}/api/health`);
  expect(polls.map((poll) => poll.hasAnswer())).toEqual(polls.map(() => false));
}

test('limit per session: the oldest poll gets 204, the others and those of other sessions stay held', async () => {
  const relay = await start('--max-held-polls-per-session', '3');
  const [session, other] = [await makeSession(relay), await makeSession(relay)];
  const elsewhere = await holdInTurn(relay, 3, () => other);
  const polls = await holdInTurn(relay, 5, () => session);
  await expectGaveWay(polls[0]);
  await expectGaveWay(polls[1]);
  await expectHeld(relay, [...polls.slice(2), ...elsewhere]);
  // Polls that stay held are answered normally.
  await post(relay, `/result-${session.key}`, 'one');
  const answers = polls.slice(2).filter((poll) => !poll.hasAnswer());
  const first = await withDeadline(
    Promise.race(answers.map(({ answer }) => answer)),
    3_000,
    'one reader gets the result',
  );
  expect(first.text).toBe('one');
});

test('limit per address: its oldest poll of any session gets 204, those of other addresses stay held', async () => {
  const relay = await start('--max-held-polls-per-address', '3');
  const sessions = await Promise.all(Array.from({ length: 5 }, () => makeSession(relay)));
  const sessionOf = (nth: number) => sessions[nth % 5] as Session;
  const others = await holdInTurn(relay, 3, sessionOf, () => '127.0.0.2');
  const polls = await holdInTurn(relay, 5, sessionOf, () => '127.0.0.3');
  await expectGaveWay(polls[0]);
  await expectGaveWay(polls[1]);
  await expectHeld(relay, [...polls.slice(2), ...others]);
});

test('limit in total: the oldest poll of all gets 204', async () => {
  const relay = await start('--max-held-polls', '4');
  const sessions = await Promise.all(Array.from({ length: 6 }, () => makeSession(relay)));
  const polls = await holdInTurn(
    relay,
    6,
    (nth) => sessions[nth] as Session,
    (nth) => `127.0.0.${nth + 2}`,
  );
  await expectGaveWay(polls[0]);
  await expectGaveWay(polls[1]);
  await expectHeld(relay, polls.slice(2));
});

test('limit per address behind a trusted proxy: the forwarded address counts', async () => {
  const relay = await start('--max-held-polls-per-address', '1', '--trust-proxy', '1');
  const session = await makeSession(relay);
  const from = (address: string) =>
    asks(({ key }) => `/result-${key}`, [`X-Forwarded-For: ${address}`])(relay, session);
  const first = await from('192.0.2.1');
  const other = await from('192.0.2.2');
  await expectHeld(relay, [first, other]);
  const second = await from('192.0.2.1');
  await expectGaveWay(first);
  await expectHeld(relay, [other, second]);
});

test.each([
  ['the status', askStatus],
  ['output', askOutput],
  ['a state', askCommand],
] as const)('evicted poll that waits for %s: it gets 200 with the present values', async (_title, ask) => {
  const relay = await start('--max-held-polls-per-session', '1');
  const session = await makeSession(relay);
  await post(relay, `/api/session/${session.key}/commands`, 'echo waits');
  const first = await ask(relay, session);
  await expectHeld(relay, [first]);
  const second = await ask(relay, session);
  const { status } = await withDeadline(first.answer, 3_000, 'the oldest poll is evicted');
  expect(status).toBe(200);
  await expectHeld(relay, [second]);
});

test('evicted poll of a listener: the listener is not gone, and its next poll gets the command', async () => {
  const relay = await start('--max-held-polls-per-session', '2');
  const session = await makeSession(relay);
  const look = asks(
    () => '/api/session/self/next',
    [`Authorization: Bearer ${session.listener_key}`, 'Remotify-Listener: a-listener', 'Remotify-Mode: auto'],
  );
  const first = await look(relay, session);
  await eventually('the listener is attached', 5_000, async () => {
    const status = await fetch(`${relay.url}/api/session/${session.key}/status`);
    return ((await status.json()) as { listener: object | null }).listener !== null;
  });
  const readers = await holdInTurn(relay, 2, () => session);
  await expectGaveWay(first);
  await expectHeld(relay, readers);
  const again = await look(relay, session);
  await expectGaveWay(readers[0]);
  await post(relay, `/api/session/${session.key}/commands`, 'echo one');
  const { status, text } = await withDeadline(again.answer, 3_000, 'the listener gets the command');
  expect(status).toBe(200);
  expect(text).toContain('echo one');
});

test('poll that is answered immediately: no held poll is evicted', async () => {
  const relay = await start('--max-held-polls', '2');
  const [session, full] = [await makeSession(relay), await makeSession(relay)];
  await post(relay, `/api/session/${full.key}/commands`, 'echo dropped');
  await fetch(`${relay.url}/api/session/${full.key}/commands/c1`, { method: 'DELETE' });
  const polls = await holdInTurn(relay, 2, () => session);
  for (let round = 0; round < 20; round += 1) {
    const own = `${relay.url}/api/session/${full.key}`;
    for (const url of [
      `${own}/commands/c1?wait=25`,
      `${own}/commands/c1/output?wait=25`,
      `${own}/status?wait=25`,
      `${relay.url}/cmd-${full.key}?nowait=1`,
      `${relay.url}/result-${full.key}?nowait=1`,
    ])
      expect((await fetch(url)).status, url).toBeLessThan(300);
  }
  await expectHeld(relay, polls);
});

test('poll that ends by a response, a closed socket or the end of the session: its place is free again', async () => {
  const relay = await start('--max-held-polls', '3', '--long-poll', '25s');
  const watched = await makeSession(relay);
  const oldest = (await holdInTurn(relay, 1, () => watched))[0] as Poll;
  for (let round = 0; round < 10; round += 1) {
    const session = await makeSession(relay);
    const [answered, ended] = await holdInTurn(relay, 2, () => session);
    if (round % 3 === 0) {
      await post(relay, `/result-${session.key}`, 'one');
      await withDeadline(Promise.race([answered?.answer, ended?.answer]), 3_000, 'one gets the result');
    }
    if (round % 3 === 1) answered?.connection.destroy();
    // The end of the session answers the remaining poll.
    await fetch(`${relay.url}/api/session/${session.key}`, { method: 'DELETE' });
    await withDeadline((ended as Poll).answer, 3_000, 'the poll is answered').catch(() => {});
    if (round % 3 === 1) {
      // The free place is the only sign from outside that the relay has noticed the closed socket.
      await eventually('the place is free', 3_000, async () => {
        const probe = (await holdInTurn(relay, 1, () => watched))[0] as Poll;
        const isFree = !oldest.hasAnswer();
        probe.connection.destroy();
        return isFree;
      });
    }
  }
  // All places are free again: with two more polls, the oldest stays held.
  const more = await holdInTurn(relay, 2, () => watched);
  await expectHeld(relay, [oldest, ...more]);
  await holdInTurn(relay, 1, () => watched);
  await expectGaveWay(oldest);
});

test('a thousand polls that are cut off: all places are free again', async () => {
  const relay = await start('--max-held-polls', '20');
  const [session, watched] = [await makeSession(relay), await makeSession(relay)];
  for (let round = 0; round < 50; round += 1) {
    const polls = await Promise.all(Array.from({ length: 20 }, () => askResult(relay, session)));
    for (const poll of polls) poll.connection.destroy();
  }
  await eventually('twenty places are free', 10_000, async () => {
    const polls = await holdInTurn(relay, 20, () => watched);
    const isFree = polls.every((poll) => !poll.hasAnswer());
    for (const poll of polls) poll.connection.destroy();
    return isFree;
  });
});

test('three clients with two places that poll in a loop: each evicted poll waits for a second, so there is no tight loop', async () => {
  const relay = await start('--max-held-polls-per-session', '2');
  const session = await makeSession(relay);
  const until = performance.now() + 3_000;
  let answers = 0;
  const askAgain = async (): Promise<void> => {
    while (performance.now() < until) {
      const poll = await askResult(relay, session);
      expect((await poll.answer).status).toBe(204);
      poll.connection.destroy();
      answers += 1;
    }
  };
  const crowd = Promise.all([askAgain(), askAgain(), askAgain()]);
  await eventually('3 s have passed', 10_000, () => performance.now() > until);
  // Without the wait there would be thousands of responses.
  expect(answers).toBeGreaterThan(0);
  expect(answers).toBeLessThanOrEqual(12);
  // The relay still holds the last two polls: they end with it.
  await relay.kill('SIGTERM');
  await withDeadline(crowd, 10_000, 'all are answered');
});

test('limits of 0: no limit, 400 polls are held', async () => {
  const all = ['--max-held-polls', '0', '--max-held-polls-per-address', '0'];
  const relay = await start(...all, '--max-held-polls-per-session', '0');
  const session = await makeSession(relay);
  const polls = await Promise.all(Array.from({ length: 400 }, () => askResult(relay, session)));
  await expectHeld(relay, polls);
});

test('default limit per session: of 130 polls two are evicted', async () => {
  const relay = await start();
  const session = await makeSession(relay);
  const polls = await Promise.all(Array.from({ length: 130 }, () => askResult(relay, session)));
  await eventually('two are evicted', 3_000, () => polls.filter((poll) => poll.hasAnswer()).length === 2);
  await fetch(`${relay.url}/api/session/${session.key}/status`);
  expect(polls.filter((poll) => poll.hasAnswer())).toHaveLength(2);
});

let shared: Relay;
beforeAll(async () => {
  shared = await startRelay({ flags: [...longPoll, '--max-held-polls-per-address', '16'] });
  return shared.stop;
});

test('connections of an address: twice its limit of held polls; the next one is cut, those of other addresses are not', async () => {
  const open = async (localAddress: string) => {
    const connection = await openRaw(shared, { localAddress });
    onTestFinished(connection.destroy);
    return connection;
  };
  const kept = await Promise.all(Array.from({ length: 32 }, () => open('127.0.0.9')));
  const tooMany = await open('127.0.0.9');
  await withDeadline(tooMany.closed, 3_000, 'the connection over the limit is cut');
  const ask = async (connection: RawConnection) => {
    connection.send('GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return (await connection.next()).status;
  };
  for (const connection of kept) expect(await ask(connection)).toBe(200);
  expect(await ask(await open('127.0.0.10'))).toBe(200);
  kept[0]?.destroy();
  await eventually(
    'after a closed connection a new one is accepted',
    3_000,
    async () => (await ask(await open('127.0.0.9'))) === 200,
  );
});
