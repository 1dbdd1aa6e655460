import { expect, onTestFinished, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';

async function makeMany(url: string, count: number) {
  const answers = [];
  for (let round = 0; round < count; round += 1)
    answers.push(await curl(['-X', 'POST', `${url}/api/session`]));
  return answers;
}

test('10r/m with a burst of 5 makes at most 15 sessions at once, and then says when to come back', async () => {
  const relay = await startRelay({ flags: ['--rate-limit', '10r/m', '--rate-limit-burst', '5'] });
  onTestFinished(relay.stop);
  const answers = await makeMany(relay.url, 24);
  const made = answers.filter((answer) => answer.status === 201);
  const refused = answers.filter((answer) => answer.status === 429);
  expect(made.length + refused.length).toBe(24);
  expect(made.length).toBeGreaterThanOrEqual(5);
  expect(made.length).toBeLessThanOrEqual(15);
  for (const answer of refused) {
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(answer.headers['cache-control']).toMatch(/no-store/);
    expect(answer.text).not.toContain('"key"');
  }
});

test('only the making of sessions is limited', async () => {
  const relay = await startRelay({ flags: ['--rate-limit', '1r/m', '--rate-limit-burst', '0'] });
  onTestFinished(relay.stop);
  const session = await makeSession(relay);
  const [refused] = await makeMany(relay.url, 1);
  expect(refused?.status).toBe(429);
  for (let round = 0; round < 10; round += 1) {
    expect((await session.push(`echo ${round}`)).status).toBe(201);
    expect((await session.take()).text).toBe(`echo ${round}`);
  }
  expect((await curl([session.urls.api])).status).toBe(200);
  expect((await curl([`${relay.url}/api/health`])).status).toBe(200);
});

test('an address that a header makes up is no new address', async () => {
  const relay = await startRelay({ flags: ['--rate-limit', '1r/m', '--rate-limit-burst', '0'] });
  onTestFinished(relay.stop);
  await makeSession(relay);
  const headers = [
    '-H',
    'X-Forwarded-For: 203.0.113.7',
    '-H',
    'X-Real-IP: 203.0.113.7',
    '-H',
    'Forwarded: for=203.0.113.7',
  ];
  expect((await curl(['-X', 'POST', ...headers, `${relay.url}/api/session`])).status).toBe(429);
});

test('--rate-limit 0 is no limit', async () => {
  const relay = await startRelay({ flags: ['--rate-limit', '0'] });
  onTestFinished(relay.stop);
  const answers = await makeMany(relay.url, 40);
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 40 }, () => 201));
});
