import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { untilPassed } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';

async function makeMany(url: string, count: number) {
  const answers = [];
  for (let round = 0; round < count; round += 1)
    answers.push(await curl(['-X', 'POST', `${url}/api/session`]));
  return answers;
}

test.each([
  ['file', 'the default', [], undefined, 6],
  ['memory', '10r/m and 5', ['--rate-limit', '10r/m', '--rate-limit-burst', '5'], 'memory:', 6],
  ['file', '1r/m and 0', ['--rate-limit', '1r/m', '--rate-limit-burst', '0'], undefined, 1],
] as const)(
  '10 new sessions at once, %s store, rate limit %s: one and the burst are created, the others get 429 with Retry-After',
  async (_store, _title, flags, store, passing) => {
    const env = flags.length === 0 ? { RATE_LIMIT: '', RATE_LIMIT_BURST: '' } : {};
    const relay = await forTest(
      startRelay({ flags: [...flags], env, ...(store !== undefined && { store }) }),
    );
    const began = performance.now();
    const answers = await makeMany(relay.url, 10);
    // While the requests take their time, the rate allows one more every 6 s.
    const later = Math.floor((performance.now() - began) / 6_000);
    const made = answers.filter((answer) => answer.status === 201);
    const refused = answers.filter((answer) => answer.status === 429);
    expect(made.length + refused.length).toBe(10);
    expect(made.length).toBeGreaterThanOrEqual(passing);
    expect(made.length).toBeLessThanOrEqual(passing + later);
    expect(answers.slice(0, passing).every((answer) => answer.status === 201)).toBe(true);
    for (const answer of refused) {
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
      expect(answer.headers['cache-control']).toMatch(/no-store/);
      expect(answer.text).not.toContain('"key"');
    }
  },
);

test('after the time in Retry-After: the client gets its session', async () => {
  const relay = await forTest(startRelay({ flags: ['--rate-limit', '30r/m', '--rate-limit-burst', '0'] }));
  const [, refused] = await makeMany(relay.url, 2);
  const since = performance.now();
  expect(refused?.status).toBe(429);
  await untilPassed('Retry-After', Number(refused?.headers['retry-after']) * 1000, since);
  const [answer] = await makeMany(relay.url, 1);
  expect(answer?.status).toBe(201);
});

test('rate limit reached: all requests but POST /api/session still work', async () => {
  const relay = await forTest(startRelay({ flags: ['--rate-limit', '1r/m', '--rate-limit-burst', '0'] }));
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

test('rate limit without --trust-proxy: an address in a forwarding header does not count', async () => {
  const relay = await forTest(startRelay({ flags: ['--rate-limit', '1r/m', '--rate-limit-burst', '0'] }));
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

test('--rate-limit 0: no limit', async () => {
  const relay = await forTest(startRelay({ flags: ['--rate-limit', '0'] }));
  const answers = await makeMany(relay.url, 40);
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 40 }, () => 201));
});
