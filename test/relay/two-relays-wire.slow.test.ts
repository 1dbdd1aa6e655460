import { expect, onTestFinished, test } from 'vitest';
import { untilMissed } from '../harness/audit-lines.ts';
import { curl, startCurl } from '../harness/curl.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { introduce, openResource } from '../harness/resource.ts';
import { readSession } from '../harness/remote.ts';
import { makeSession, openSession, type SlotSession } from '../harness/slot-session.ts';
import { type Pair, startAcross, startPair } from './two-relays-kit.ts';

// Two relays on one store: single requests to both.

/** A session that was created at one relay, with the URLs of the other one. */
function asSeenAt(session: SlotSession, from: { url: string }, at: { url: string }): SlotSession {
  const text = JSON.stringify(session.payload).replaceAll(from.url, at.url);
  return openSession(JSON.parse(text) as SlotSession['payload']);
}

async function makeBoth({ a, b }: Pair) {
  const atA = await makeSession(a);
  return { atA, atB: asSeenAt(atA, a, b) };
}

test('slot commands and their results by curl at alternating relays: each result belongs to its command', async () => {
  const pair = await startPair();
  const { atA, atB } = await makeBoth(pair);
  for (let nth = 0; nth < 6; nth += 1) {
    const [client, listener] = nth % 2 === 0 ? [atA, atB] : [atB, atA];
    expect((await client.push(`echo ${nth}`)).status).toBe(201);
    expect((await listener.take()).text).toBe(`echo ${nth}`);
    expect((await client.answer(`${nth}\n`)).status).toBe(201);
    expect((await listener.read()).text).toBe(`${nth}\n`);
    expect((await client.read()).status).toBe(204);
  }
});

test('runner at B: it runs slot commands that curl pushes at either relay, and curl reads the results at either', async () => {
  const pair = await startPair();
  const { a, b } = pair;
  const remote = await startAcross(a, b);
  const { key } = await readSession(remote.configDir);
  for (const [pushAt, readAt] of [
    [a, b],
    [b, a],
    [a, a],
  ] as const) {
    await curl(['--data-binary', 'echo "$((6 * 7))"; exit 3', `${pushAt.url}/cmd-${key}`]);
    const read = await curl([`${readAt.url}/result-${key}`]);
    expect(read.text).toBe('42\n[remotify: exit status 3]\n');
  }
});

test('polls held at B: a push and a result posted at A answer them', async () => {
  const pair = await startPair();
  const { atA, atB } = await makeBoth(pair);
  const poll = await atB.waitForCommand();
  await untilPassed('the poll is held', 300);
  await atA.push('echo one');
  expect((await withDeadline(poll.answer, 5_000, 'the poll is answered')).text).toBe('echo one');
  const result = await atB.waitForResult();
  await untilPassed('the reader is held', 300);
  await atA.answer('one\n');
  expect((await withDeadline(result.answer, 5_000, 'the reader is answered')).text).toBe('one\n');
});

test('two readers of one result at different relays: exactly one of them gets it', async () => {
  const pair = await startPair({ longPollMs: 1_000 });
  const { atA, atB } = await makeBoth(pair);
  for (let nth = 0; nth < 5; nth += 1) {
    const readers = [await atA.waitForResult(), await atB.waitForResult()];
    await atA.answer(`result ${nth}\n`);
    const answers = await Promise.all(
      readers.map(({ answer }) => withDeadline(answer, 10_000, 'both readers are answered')),
    );
    expect(answers.map(({ text }) => text).toSorted()).toEqual(['', `result ${nth}\n`]);
    expect((await atB.read()).status).toBe(204);
  }
});

test('two listeners at different relays: one gets the command, the other one 409', async () => {
  const pair = await startPair();
  const { atA } = await makeBoth(pair);
  const [atRelayA, atRelayB] = [openResource(pair.a.url, atA), openResource(pair.b.url, atA)];
  await atRelayA.ask('POST', '/commands', 'echo one');
  const answers = await Promise.all([
    atRelayA.listen('one', 'GET', '/next?wait=0'),
    atRelayB.listen('two', 'GET', '/next?wait=0'),
  ]);
  expect(answers.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([200, 409]);
});

test('pushes with one Idempotency-Key at both relays at once: one command', async () => {
  const pair = await startPair();
  const { atA } = await makeBoth(pair);
  const push = (relay: { url: string }) =>
    openResource(relay.url, atA).ask('POST', '/commands', 'true', '-H', 'Idempotency-Key: same');
  const answers = await Promise.all([push(pair.a), push(pair.b), push(pair.a), push(pair.b)]);
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  expect(new Set(answers.map((answer) => answer.json<{ id: string }>().id))).toEqual(new Set(['c1']));
  expect(pair.audit().filter((line) => line.includes(' pushed '))).toHaveLength(1);
});

test('queued command expires with timers at both relays: one audit line, and waiting readers at both are answered', async () => {
  const pair = await startPair();
  const { atA } = await makeBoth(pair);
  const resources = [openResource(pair.a.url, atA), openResource(pair.b.url, atA)];
  await resources[0]?.ask('POST', '/commands?expires=1', 'true');
  const waits = resources.map(({ ask }) => ask('GET', '/commands/c1?wait=20'));
  const answers = await Promise.all(
    waits.map((wait) => withDeadline(wait, 10_000, 'the reader is answered')),
  );
  expect(answers.map((answer) => answer.json<{ state: string }>().state)).toEqual(['expired', 'expired']);
  expect(pair.audit().filter((line) => /command c1 ended .*state=expired/.test(line))).toHaveLength(1);
});

test('session expires with timers at both relays: one audit line, and both relays refuse its key', async () => {
  const pair = await startPair({ ttlMs: 500 });
  const { atA, atB } = await makeBoth(pair);
  await eventually('an audit log has it', 10_000, () =>
    pair.audit().some((line) => line.endsWith(' expired from clock')),
  );
  expect([(await atA.take()).status, (await atB.take()).status]).toEqual([410, 410]);
  expect(pair.audit().filter((line) => / expired /.test(line))).toHaveLength(1);
});

test('DELETE of a session at both relays at once: one audit line', async () => {
  const pair = await startPair();
  const { atA, atB } = await makeBoth(pair);
  const answers = await Promise.all([atA, atB].map(({ urls }) => curl(['-X', 'DELETE', urls.api])));
  expect(answers.map(({ status }) => status)).toContain(204);
  expect(pair.audit().filter((line) => / ended from /.test(line))).toHaveLength(1);
});

test('request of a listener cut at B, its next one at A immediately: no audit log has the listener as gone', async () => {
  const pair = await startPair();
  const { atA } = await makeBoth(pair);
  const bearer = ['-H', `Authorization: Bearer ${atA.listener_key}`, ...introduce('one')];
  const atRelayA = openResource(pair.a.url, atA);
  await atRelayA.ask('POST', '/commands', 'sleep 60');
  await atRelayA.listen('one', 'GET', '/next?wait=0');
  const held = startCurl([...bearer, `${pair.b.url}/api/session/self/commands/c1/control?wait=20`]);
  onTestFinished(held.kill);
  await held.sent;
  await untilPassed('the request is held', 300);
  await held.kill();
  const again = startCurl([...bearer, `${pair.a.url}/api/session/self/commands/c1/control?wait=20`]);
  onTestFinished(again.kill);
  await again.sent;
  await untilMissed();
  expect(pair.audit().filter((line) => /listener (gone|back)/.test(line))).toEqual([]);
  const status = (await atRelayA.ask('GET', '/status')).json<{ listener: { attached: boolean } }>();
  expect(status.listener.attached).toBe(true);
});
