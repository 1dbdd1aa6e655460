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

// An address has reached its quota: the relay evicts outputs of ended commands of all its sessions, oldest first, before it refuses anything.

const flags = ['--address-quota', '100k'];

async function makeThree(relay: { url: string }) {
  const [a, b, c] = [
    await makeQuotaSession(relay),
    await makeQuotaSession(relay),
    await makeQuotaSession(relay),
  ];
  // This order differs from that in which the sessions were created.
  for (const session of [b, c, a]) await session.runWhole(30_000);
  return { a, b, c };
}

test('new output in a full address: the oldest output of another session is evicted, not its own', async () => {
  const relay = await startQuotaRelay(...flags);
  const { a, b, c } = await makeThree(relay);
  const id = await a.runWhole(30_000);
  expect(missingOf(await a.read(id))).toEqual(whole);
  const seen = await Promise.all([b, c, a].map((session) => session.read('c1')));
  expect(seen.map(missingOf)).toEqual([evicted(30_000), whole, whole]);
  await a.runWhole(60_000);
  const later = await Promise.all([b, c, a].map((session) => session.read('c1')));
  expect(later.map(missingOf)).toEqual([evicted(30_000), evicted(30_000), evicted(30_000)]);
});

test('push to a full address: 201, and the oldest output of another session is evicted', async () => {
  const relay = await startQuotaRelay(...flags);
  const { a, b } = await makeThree(relay);
  const pushed = await a.ask('POST', '/commands', `: ${'x'.repeat(30_000)}`);
  expect(pushed.status).toBe(201);
  expect(missingOf(await b.read('c1'))).toEqual(evicted(30_000));
});

test('push through the slot to a full address: 201, and the oldest output of another session is evicted', async () => {
  const relay = await startQuotaRelay(...flags);
  const { a, b } = await makeThree(relay);
  expect((await a.slots.push(`: ${'x'.repeat(30_000)}`)).status).toBe(201);
  expect(missingOf(await b.read('c1'))).toEqual(evicted(30_000));
});

test('output evicted for another session of the address: one line in the audit log', async () => {
  const relay = await startQuotaRelay(...flags);
  const { a, b } = await makeThree(relay);
  await a.runWhole(30_000);
  expect(missingOf(await b.read('c1'))).toEqual(evicted(30_000));
  await relay.findLine('audit', /command c1 evicted .*stdout=30000 stderr=0$/);
  expect(relay.lines('audit').filter((line) => line.includes(' evicted '))).toHaveLength(1);
});

test('address full of output of a running command: it is not evicted, and new bytes get 507', async () => {
  const relay = await startQuotaRelay(...flags);
  const [a, b] = [await makeQuotaSession(relay), await makeQuotaSession(relay)];
  const running = await b.begin();
  expect((await b.upload(running, 80_000)).status).toBe(200);
  const id = await a.begin();
  const refused = await a.upload(id, 40_000);
  expect([refused.status, refused.headers['remotify-error']]).toEqual([507, 'address_quota']);
  expect((await a.ask('POST', '/commands', `: ${'x'.repeat(40_000)}`)).status).toBe(507);
  const kept = await b.read(running);
  expect([kept.body.byteLength, kept.headers['remotify-missing-bytes']]).toEqual([80_000, undefined]);
});

test('unread result of another session in a full address: read outputs are evicted before it', async () => {
  const relay = await startQuotaRelay(...flags);
  const [a, b] = [await makeQuotaSession(relay), await makeQuotaSession(relay)];
  await b.slots.push('true');
  await b.listen('one', 'GET', '/next?wait=0');
  expect((await b.finish('c1', 'r'.repeat(40_000))).status).toBe(200);
  await b.runWhole(40_000);
  await a.runWhole(40_000);
  expect(missingOf(await b.read('c2'))).toEqual(evicted(40_000));
  expect((await b.slots.read()).text).toBe('r'.repeat(40_000));
});

test('six sessions upload at once to a full address: each output is stored, and nothing is refused', async () => {
  const relay = await startQuotaRelay('--address-quota', '400k');
  const old = await Promise.all(Array.from({ length: 4 }, () => makeQuotaSession(relay)));
  for (const session of old) await session.runWhole(90_000);
  const young = await Promise.all(Array.from({ length: 6 }, () => makeQuotaSession(relay)));
  const ids = await Promise.all(young.map((session) => session.begin()));
  const answers = await Promise.all(young.map((session, nth) => session.upload(ids[nth] ?? '', 50_000)));
  expect(answers.map(({ status }) => status)).toEqual(young.map(() => 200));
  for (const [nth, session] of young.entries())
    expect((await session.read(ids[nth] ?? '')).body.byteLength).toBe(50_000);
});

test('exec while outputs of another session fill the address: it prints all of its output', async () => {
  const relay = await startQuotaRelay('--address-quota', '1m');
  const old = await forTest(startRemote(relay));
  for (let nth = 0; nth < 3; nth += 1) await old.run(['exec', 'head -c 300000 /dev/zero']);
  const remote = await forTest(startRemote(relay));
  const run = await remote.run(['exec', '--json', 'seq 100000']);
  expect(run.exitCode).toBe(0);
  expect(JSON.parse(run.text)).toMatchObject({ stdout_bytes: 588_895, truncated: false, exit_status: 0 });
  const logs = await old.run(['logs', 'c1']);
  expect([logs.exitCode, logs.stdout.byteLength]).toEqual([255, 0]);
  expect(logs.stderr).toContain(
    'error: 300000 bytes of output of command c1 are missing: the relay removed them',
  );
});

test('restart of the relay with a full address: the next output evicts the oldest one of another session', async () => {
  const { relay, restart } = await startRestartable(...flags);
  const before = await makeThree(relay);
  await before.a.runWhole(30_000);
  const [a, b, c] = await restart(before.a, before.b, before.c);
  if (!a || !b || !c) throw new Error('no sessions');
  expect(missingOf(await b.read('c1'))).toEqual(evicted(30_000));
  expect(missingOf(await c.read('c1'))).toEqual(whole);
  await b.runWhole(30_000);
  expect(missingOf(await c.read('c1'))).toEqual(evicted(30_000));
  expect(missingOf(await a.read('c1'))).toEqual(whole);
});
