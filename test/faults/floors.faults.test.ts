import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { makeShortSleep, startByHand, startScriptedRelay } from '../harness/hand-run.ts';

// How often a listener polls a relay that has no news. Measured by the arguments of its `sleep`.

/** Leaves out sleeps of the watchdog (1 s), and the first one, which tests whether `sleep` supports fractions. */
const isOwn = (time: string, at: number) => time !== '1' && !(at === 0 && time === '0.1');

async function start(answerAfterMs: number) {
  const sleep = await makeShortSleep();
  const relay = await startScriptedRelay((_request, response) => {
    void pause(answerAfterMs).then(() => response.writeHead(204).end());
  });
  const listener = await startByHand(relay.url, { PATH: sleep.PATH });
  return { listener, relay, pauses: async () => (await sleep.times()).filter(isOwn) };
}

test('the relay answers each poll at once without news: the pause before the next poll grows from 0.1 s to 2 s', async () => {
  const { relay, pauses } = await start(0);
  await eventually('many polls', 60_000, () => relay.verbs.length >= 12);
  const made = await pauses();
  expect(made.slice(0, 8)).toEqual(['0.1', '0.2', '0.4', '0.8', '1.6', '2.0', '2.0', '2.0']);
  // The first poll has no pause; each other poll has one.
  expect(relay.verbs.length - made.length).toBeLessThanOrEqual(3);
});

test('the relay holds each poll for 150 ms: the listener polls again without a pause', async () => {
  const { relay, pauses } = await start(150);
  await eventually('many polls', 60_000, () => relay.verbs.length >= 12);
  expect(await pauses()).toEqual([]);
});

test('the relay sends a command: after it the pauses start again at 0.1 s', async () => {
  const { relay, pauses } = await start(0);
  await eventually('the pause has grown', 60_000, async () => (await pauses()).includes('0.8'));
  const frame = 'remotify/1 run c1 4 timeout=0\ntrue\nremotify/1 end c1\n';
  let isHandedOut = false;
  let before = 0;
  relay.answer((_request, response, verb) => {
    if (verb === 'finish') return void response.end('ok');
    if (verb !== 'next') return void response.writeHead(204).end();
    if (isHandedOut) return void response.writeHead(204).end();
    isHandedOut = true;
    before = relay.verbs.length;
    return void response.end(frame);
  });
  await eventually(
    'the command has ended, and polls follow',
    60_000,
    () => isHandedOut && relay.verbs.length >= before + 6,
  );
  const made = await pauses();
  const again = made.lastIndexOf('0.1');
  expect(again).toBeGreaterThan(made.indexOf('0.8'));
  expect(made.slice(again, again + 3)).toEqual(['0.1', '0.2', '0.4']);
});

/** Whether the wanted pauses occur in this order, with other ones between them. */
function hasInOrder(all: string[], wanted: string[]): boolean {
  let at = 0;
  for (const time of all) if (time === wanted[at]) at += 1;
  return at === wanted.length;
}

test.each([
  [
    'each result of a command with 409',
    '0',
    (verb: string) => (verb === 'finish' ? 409 : 204),
    (verbs: string[]) => verbs.filter((verb) => verb === 'finish').length,
  ],
  [
    'each request for stdin without data',
    '1',
    () => 204,
    (verbs: string[]) => verbs.filter((verb) => verb === 'stdin').length,
  ],
])('the relay answers %s at once: the pauses grow', async (_title, stdin, statusOf, countOf) => {
  const sleep = await makeShortSleep();
  const script = stdin === '1' ? 'read -r x' : 'true';
  const frame = `remotify/1 run c1 ${script.length} timeout=0 stdin=${stdin}\n${script}\nremotify/1 end c1\n`;
  const relay = await startScriptedRelay((_request, response, verb) => {
    if (verb === 'next') return void response.end(frame);
    const status = statusOf(verb);
    if (status === 409) response.setHeader('Remotify-Error', 'output_gap');
    return void response.writeHead(status).end(status === 409 ? 'a gap: stdout goes on at 0\n' : '');
  });
  await startByHand(relay.url, { PATH: sleep.PATH });
  await eventually('many answers', 60_000, () => countOf(relay.verbs) >= 8);
  expect(hasInOrder(await sleep.times(), ['0.2', '0.4', '0.8', '1.6', '2.0', '2.0'])).toBe(true);
});

test('the relay holds each request for stdin for 150 ms: the listener asks again without a pause', async () => {
  const sleep = await makeShortSleep();
  const frame = 'remotify/1 run c1 6 timeout=0 stdin=1\nread x\nremotify/1 end c1\n';
  const relay = await startScriptedRelay((_request, response, verb) => {
    if (verb === 'next') return void response.end(frame);
    return void pause(150).then(() => response.writeHead(204).end());
  });
  await startByHand(relay.url, { PATH: sleep.PATH });
  const asked = () => relay.verbs.filter((verb) => verb === 'stdin').length;
  await eventually('many answers', 60_000, () => asked() >= 8);
  // Pauses of 0.1 s belong to the uploader, which checks for output.
  const grown = (await sleep.times()).filter((time) => ['0.2', '0.4', '0.8', '1.6', '2.0'].includes(time));
  expect(grown).toEqual([]);
});
