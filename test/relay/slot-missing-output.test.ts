import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { eventually } from '../harness/deadline.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeQuotaSession, startQuotaRelay, startRestartable } from './quota-kit.ts';
import { forTest } from '../harness/for-test.ts';

// A client that reads the result slot with curl finds a note about missing bytes in the text itself.

const evictedNote = (bytes: number) =>
  `[remotify: ${bytes} bytes of output are missing: the relay removed them to make room for later output]\n`;

/** Polls GET /result until there is a result. */
async function readResult(url: string): Promise<string> {
  return eventually('the result is in the slot', 20_000, async () => {
    const answer = await curl([`${url}?nowait=1`]);
    return answer.status === 200 && answer.text;
  });
}

test('command pushed by curl prints more than the quota and ends with 0: its result starts with a note', async () => {
  const relay = await startQuotaRelay('--session-quota', '400k');
  const session = await makeSession(relay);
  await forTest(startListener(asAuto(session.remote_quickstart)));
  await session.push('head -c 900000 /dev/zero');
  const text = await readResult(session.urls.result);
  expect(text).toMatch(/^\[remotify: \d+ bytes of output are missing: they could not be stored\]\n/);
  expect(text).toContain('\nremotify: output truncated: session storage quota reached\n');
  const missing = Number(/^\[remotify: (\d+)/.exec(text)?.[1]);
  // The stored bytes and the missing ones add up to the printed ones.
  const zeros = text.split('\0').length - 1;
  expect(zeros + missing).toBe(900_000);
  // The result of the next command is complete, without a note.
  await session.push('echo whole');
  expect(await readResult(session.urls.result)).toBe('whole\n');
});

test('unread result in a full session: it is evicted last, and its reader then gets the note instead', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  await session.slots.push('true');
  await session.listen('one', 'GET', '/next?wait=0');
  expect((await session.finish('c1', 'r'.repeat(40_000))).status).toBe(200);
  // This command ends after c1 but is evicted before it, since the result of c1 is unread.
  await session.runWhole(40_000);
  const id = await session.begin();
  expect((await session.upload(id, 40_000)).status).toBe(200);
  const evictions = () => relay.lines('audit').filter((line) => line.includes(' evicted '));
  expect(evictions()).toEqual([expect.stringContaining('command c2 evicted')]);
  expect((await session.upload(id, 40_000, 40_000)).status).toBe(200);
  expect(evictions()).toHaveLength(2);
  const result = await session.slots.read();
  expect([result.status, result.text]).toEqual([200, evictedNote(40_000)]);
  // The result was read, so the slot is empty.
  expect((await session.slots.read()).status).toBe(204);
});

test('unread result of a failed command is evicted: its text is the note and the exit status', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  await session.slots.push('false');
  await session.listen('one', 'GET', '/next?wait=0');
  const end = '/commands/c1/finish?exit_status=3&stdout_bytes=40000';
  expect((await session.listen('one', 'POST', end, 'r'.repeat(40_000))).status).toBe(200);
  const id = await session.begin();
  expect((await session.upload(id, 80_000)).status).toBe(200);
  expect((await session.slots.read()).text).toBe(`${evictedNote(40_000)}[remotify: exit status 3]\n`);
});

test('legacy listener posts a result to a full session: old outputs are evicted, and the result is complete', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeSession(relay);
  for (const letter of ['a', 'b', 'c']) {
    await session.push(`echo ${letter}`);
    await session.take();
    expect((await session.answer(letter.repeat(60_000))).status).toBe(201);
    expect((await session.read()).text).toBe(letter.repeat(60_000));
  }
  const evictions = relay.lines('audit').filter((line) => line.includes(' evicted '));
  expect(evictions).toEqual([
    expect.stringContaining('command c1 evicted'),
    expect.stringContaining('command c2 evicted'),
  ]);
});

test('result larger than the quota: 507; a short one posted instead is accepted', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeSession(relay);
  await session.push('echo much');
  await session.take();
  const refused = await session.answer('x'.repeat(200_000));
  expect([refused.status, refused.headers['remotify-error']]).toEqual([507, 'session_quota']);
  expect((await session.read()).status).toBe(204);
  expect((await session.answer('too much\n')).status).toBe(201);
  expect((await session.read()).text).toBe('too much\n');
});

test('restart of the relay: the note of an evicted result is still in the slot', async () => {
  const { relay, restart } = await startRestartable('--session-quota', '100k');
  const before = await makeQuotaSession(relay);
  await before.slots.push('true');
  await before.listen('one', 'GET', '/next?wait=0');
  await before.finish('c1', 'r'.repeat(40_000));
  const id = await before.begin();
  expect((await before.upload(id, 80_000)).status).toBe(200);
  const [session] = await restart(before);
  expect((await session?.slots.read())?.text).toBe(evictedNote(40_000));
});
