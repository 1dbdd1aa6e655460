import { expect, test } from 'vitest';
import { startRemote } from '../harness/remote.ts';
import {
  evicted,
  makeQuotaSession,
  missingOf,
  startQuotaRelay,
  startRestartable,
  whole,
} from './quota-kit.ts';
import { forTest } from '../harness/for-test.ts';

// A session has reached its quota: the relay evicts outputs of ended commands, oldest first, and reports that to their readers.

const flags = ['--session-quota', '1m'];

async function startFilled() {
  const relay = await startQuotaRelay(...flags);
  const remote = await forTest(startRemote(relay));
  // Three outputs of 300 kB: there is no room for 588,895 more.
  for (let nth = 0; nth < 3; nth += 1)
    expect((await remote.run(['exec', 'head -c 300000 /dev/zero'])).exitCode).toBe(0);
  return { relay, remote };
}

const numbers = Array.from({ length: 100_000 }, (_, nth) => `${nth + 1}\n`).join('');

test('old outputs fill the quota of a session: exec prints all of a new output and exits with 0', async () => {
  const { remote, relay } = await startFilled();
  const { exitCode, text, stderr } = await remote.run(['exec', 'seq 100000']);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(text).toBe(numbers);
  await relay.findLine('audit', /command c1 evicted .*stdout=300000 stderr=0$/);
});

test('old outputs fill the quota of a session: exec --json has all of a new output and truncated false', async () => {
  const { remote } = await startFilled();
  const { exitCode, text } = await remote.run(['exec', '--json', 'seq 100000']);
  expect(exitCode).toBe(0);
  const report = JSON.parse(text) as Record<string, unknown>;
  expect(report).toMatchObject({ exit_status: 0, truncated: false, missing_bytes: 0, stdout_bytes: 588_895 });
  expect(report['stdout']).toBe(numbers);
});

test('logs of an evicted output: it prints how many bytes are missing and why, and exits with 255', async () => {
  const { remote } = await startFilled();
  await remote.run(['exec', 'seq 100000']);
  for (const args of [
    ['logs', 'c1'],
    ['logs', '-f', 'c1'],
    ['logs', 'c1', '--stream', 'stdout'],
  ]) {
    const { exitCode, stdout, stderr } = await remote.run(args);
    expect(exitCode, args.join(' ')).toBe(255);
    expect(stdout.byteLength).toBe(0);
    expect(stderr).toContain(
      'error: 300000 bytes of output of command c1 are missing: the relay removed them',
    );
  }
  // The newest of the old outputs is still there.
  const last = await remote.run(['logs', 'c3']);
  expect([last.exitCode, last.stdout.byteLength]).toEqual([0, 300_000]);
});

test('outputs are evicted in the order in which their commands ended, and only as many as needed', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  const ids = [];
  for (let nth = 0; nth < 3; nth += 1) ids.push(await session.runWhole(30_000));
  expect(ids).toEqual(['c1', 'c2', 'c3']);
  await session.runWhole(30_000);
  const seen = async () => {
    const answers = ['c1', 'c2', 'c3', 'c4'].map((id) => session.read(id));
    return (await Promise.all(answers)).map(missingOf);
  };
  expect(await seen()).toEqual([evicted(30_000), whole, whole, whole]);
  await session.runWhole(60_000);
  expect(await seen()).toEqual([evicted(30_000), evicted(30_000), evicted(30_000), whole]);
  expect(relay.lines('audit').filter((line) => line.includes(' evicted '))).toEqual(
    ['c1', 'c2', 'c3'].map((id) =>
      expect.stringMatching(new RegExp(`command ${id} evicted from 127\\.0\\.0\\.1 stdout=30000 stderr=0$`)),
    ),
  );
});

test('reader of evicted output: it learns how many bytes are missing after its offset; none if it has all of them', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  const old = await session.runWhole(60_000);
  const first = await session.read(old);
  expect([first.body.byteLength, missingOf(first)]).toEqual([60_000, whole]);
  await session.runWhole(60_000);
  expect(missingOf(await session.read(old))).toEqual(evicted(60_000));
  expect(missingOf(await session.read(old, 59_999))).toEqual(evicted(1));
  const atEnd = await session.read(old, 60_000);
  expect([atEnd.status, atEnd.body.byteLength, missingOf(atEnd)]).toEqual([200, 0, whole]);
  expect(atEnd.headers['remotify-complete']).toBe('true');
  // A reader that has all of stdout, and nothing of stderr, which is empty.
  const both = await session.ask('GET', `/commands/${old}/output?stdout=60000&stderr=0`);
  expect(missingOf(both)).toEqual(whole);
});

test('reader of one stream of an evicted output: it learns how many bytes of that stream are missing', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  const id = await session.begin();
  const sizes = 'exit_status=0&stdout_bytes=40000&stderr_bytes=20000&stdout_cut=0&stderr_cut=0';
  const body = 'x'.repeat(60_000);
  expect((await session.listen('one', 'POST', `/commands/${id}/finish?${sizes}`, body)).status).toBe(200);
  await session.runWhole(90_000);
  const readOf = async (query: string) =>
    missingOf(await session.ask('GET', `/commands/${id}/output?${query}`));
  expect(await readOf('stdout=0&stderr=0')).toEqual(evicted(60_000));
  expect(await readOf('stream=stderr&offset=0')).toEqual(evicted(20_000));
  expect(await readOf('stream=stdout&offset=10000')).toEqual(evicted(30_000));
});

test('session full of output of a running command: it is not evicted, and a push gets 507', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  const id = await session.begin();
  expect((await session.upload(id, 90_000)).status).toBe(200);
  const push = await session.ask('POST', '/commands', `: ${'x'.repeat(20_000)}`);
  expect([push.status, push.headers['remotify-error']]).toEqual([507, 'session_quota']);
  const kept = await session.read(id);
  expect([kept.body.byteLength, kept.headers['remotify-missing-bytes']]).toEqual([90_000, undefined]);
  expect(relay.lines('audit').join('\n')).not.toContain('evicted');
  // Once it has ended, its output can be evicted.
  expect((await session.finish(id, '', 90_000)).status).toBe(200);
  expect((await session.ask('POST', '/commands', `: ${'x'.repeat(20_000)}`)).status).toBe(201);
  expect(missingOf(await session.read(id))).toEqual(evicted(90_000));
});

test('stdin uploaded to a full session: it evicts old outputs as well', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  const old = await session.runWhole(60_000);
  expect((await session.ask('POST', '/commands?stdin=1', 'cat')).status).toBe(201);
  const sent = await session.ask('PUT', '/commands/c2/stdin?offset=0', 'x'.repeat(60_000));
  expect(sent.status).toBe(200);
  expect(missingOf(await session.read(old))).toEqual(evicted(60_000));
});

test('restart of the relay: readers still learn of evicted outputs, and the next ones are evicted in the same order', async () => {
  const { relay, restart } = await startRestartable('--session-quota', '100k');
  const before = await makeQuotaSession(relay);
  for (let nth = 0; nth < 4; nth += 1) await before.runWhole(30_000);
  const [session] = await restart(before);
  if (!session) throw new Error('no session');
  const seen = async () =>
    (await Promise.all(['c1', 'c2', 'c3', 'c4'].map((id) => session.read(id)))).map(missingOf);
  expect(await seen()).toEqual([evicted(30_000), whole, whole, whole]);
  expect((await session.read('c2')).body).toEqual(Buffer.alloc(30_000, '2'));
  expect(missingOf(await session.read('c1', 30_000))).toEqual(whole);
  await session.runWhole(30_000);
  expect(await seen()).toEqual([evicted(30_000), evicted(30_000), whole, whole]);
});
