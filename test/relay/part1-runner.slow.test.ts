import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { curl } from '../harness/curl.ts';
import { withDeadline } from '../harness/deadline.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

async function bash(args: string[], stdin: Uint8Array, variables: Record<string, string> = {}) {
  const env = cleanEnvironment(tmpdir(), variables);
  const run = spawnCaptured('bash', args, { env, stdin: { bytes: stdin } });
  const { code } = await withDeadline(run.closed, 60_000, `bash ${args.slice(0, 2).join(' ')}`);
  return { code, stdout: run.stdout().toString('utf8'), stderr: run.stderr() };
}

describe.each(['', '?mode=supervised', '?mode=auto'])('GET /r/KEY%s', (query) => {
  test('a shell script that bash accepts', async () => {
    const session = await makeSession(relay);
    const runner = await curl([session.urls.runner + query]);
    expect(runner.status).toBe(200);
    expect(runner.headers['content-type']).toMatch(/^text\/x-shellscript\b/);
    expect(runner.text).toMatch(/\bbash\b/);
    expect(await bash(['-n'], runner.body)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('the script has the listener key and never the session key, also if the request used the session key', async () => {
    const session = await makeSession(relay);
    const byKey = await curl([session.urls.runner + query]);
    const byListenerKey = await curl([`${relay.url}/r/${session.listener_key}${query}`]);
    expect(byListenerKey.status).toBe(200);
    expect(byListenerKey.text).toBe(byKey.text);
    expect(byKey.text).toContain(session.listener_key);
    expect(byKey.text).not.toContain(session.key);
  });

  test('a queued command stays queued', async () => {
    const session = await makeSession(relay);
    await session.push('echo one');
    await curl([session.urls.runner + query]);
    expect(await session.status()).toMatchObject({ cmd_queued: true, cmd_in_flight: false });
  });
});

test('the scripts for auto and supervised differ', async () => {
  const { urls } = await makeSession(relay);
  const supervised = await curl([`${urls.runner}?mode=supervised`]);
  const auto = await curl([`${urls.runner}?mode=auto`]);
  expect([supervised.status, auto.status]).toEqual([200, 200]);
  expect(auto.text).not.toBe(supervised.text);
});

test.each([
  '',
  '?',
  '?mode',
  '?mode=',
  '?mode=bogus',
  '?mode=AUTO',
  '?mode=auto2',
  '?mode=auto%20',
  '?other=auto',
  '?MODE=auto',
])('any mode but auto: the supervised script: /r/KEY%s', async (query) => {
  const { urls } = await makeSession(relay);
  const supervised = await curl([`${urls.runner}?mode=supervised`]);
  const other = await curl([urls.runner + query]);
  expect(other.status).toBe(200);
  expect(other.text).toBe(supervised.text);
});

test('the runner contains the URL of its relay', async () => {
  const { urls } = await makeSession(relay);
  expect((await curl([urls.runner])).text).toContain(relay.url);
});

test('runner truncated in transit: bash ends with a syntax error and runs nothing', {
  timeout: 120_000,
}, async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  const whole = (await curl([`${session.urls.runner}?mode=auto`])).body;
  // Cuts at ends of lines, where a script of separate statements would be valid, and in the last bytes. Each cut needs a start of bash, so
  // this is a ninth of them; runner/cut.alone.test.ts cuts the script of a real run at every byte.
  const places = [1, 2, 3];
  for (let at = whole.indexOf('\n'); at !== -1; at = whole.indexOf('\n', at + 1)) places.push(at);
  const last = whole.lastIndexOf('}');
  for (let at = whole.lastIndexOf('main'); at <= last; at += 1) places.push(at);
  const cuts = places.filter((at, nth) => at <= last && nth % 9 === 0).map(String);
  const folder = await forTest(makeTemporaryFolder());
  // From a file, since bash reads a pipe byte by byte, which would take a minute.
  const loop =
    'whole=$(cat); for n; do printf %s "${whole:0:n}" >"$0"; bash <"$0" && echo "$n ran"; done 2>&1; echo over';
  const { code, stdout } = await bash(['-c', loop, join(folder.path, 'cut'), ...cuts], whole, {
    LC_ALL: 'C',
  });
  expect(
    stdout.split('\n').filter((line) => !/^bash: (?:line \d+: )?.*(?:unexpected|syntax error|`)/.test(line)),
  ).toEqual(['over', '']);
  expect(code).toBe(0);
  expect(cuts.length).toBeGreaterThan(200);
  expect(await session.status()).toMatchObject({ cmd_queued: true, listener_seen_seconds_ago: null });
});
