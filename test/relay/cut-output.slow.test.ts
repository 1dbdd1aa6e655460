import { expect, test } from 'vitest';
import { readSession, startRemote } from '../harness/remote.ts';
import { startRelay } from '../harness/relay-process.ts';
import { curl } from '../harness/curl.ts';
import { makeQuotaSession, missingOf, startQuotaRelay, startRestartable } from './quota-kit.ts';
import { forTest } from '../harness/for-test.ts';

// One command alone exceeds the quota of its session: its output is cut, every reader learns that, and none gets exit status 0.

async function startSmall(quota = '1m') {
  const relay = await startQuotaRelay('--session-quota', quota);
  const remote = await forTest(startRemote(relay));
  return { relay, remote };
}

type Report = { exit_status: number | null; truncated: boolean; missing_bytes: number; stdout_bytes: number };

test('command that prints 5 MiB and keeps running: stopped by KILL, exec exits with 137 and an error', async () => {
  const { remote } = await startSmall();
  const run = await remote.run(['exec', '--json', 'head -c 5M /dev/zero; sleep 60']);
  expect(run.exitCode).toBe(137);
  const report = JSON.parse(run.text) as Report;
  expect(report).toMatchObject({ truncated: true, exit_status: 137 });
  expect(report.missing_bytes).toBeGreaterThan(0);
  expect(run.stderr).toMatch(
    /error: \d+ bytes of output of command c1 are missing: they could not be stored/,
  );
});

test.each([
  ['on stdout', 'head -c 900000 /dev/zero', 900_000],
  ['on stderr', 'head -c 900000 /dev/zero >&2', 900_000],
  ['half on each stream', 'head -c 450000 /dev/zero; head -c 450000 /dev/zero >&2', 900_000],
] as const)(
  'command that prints more than the quota %s and ends with 0: exec exits with 255, truncated true',
  async (_title, script, printed) => {
    const { remote } = await startSmall('400k');
    const run = await remote.run(['exec', '--json', script]);
    expect(run.exitCode).toBe(255);
    const report = JSON.parse(run.text) as Report & { stderr_bytes: number; stderr: string };
    expect(report.truncated).toBe(true);
    expect(report.exit_status).not.toBe(0);
    const notice = '\nremotify: output truncated: session storage quota reached\n';
    expect(report.stderr).toContain(notice.trim());
    // Every byte is in the report or counted as missing.
    const told = report.stdout_bytes + report.stderr_bytes + report.missing_bytes;
    expect(told).toBe(printed + notice.length);
    const logs = await remote.run(['logs', '-f', 'c1']);
    expect(logs.exitCode).toBe(255);
    expect(logs.stderr).toContain(`error: ${report.missing_bytes} bytes of output of command c1 are missing`);
  },
);

test('command with cut output that ends with status 3: exec exits with 3', async () => {
  const { remote } = await startSmall('400k');
  const run = await remote.run(['exec', 'head -c 900000 /dev/zero; exit 3']);
  expect(run.exitCode).toBe(3);
  expect(run.stderr).toMatch(
    /error: \d+ bytes of output of command c1 are missing: they could not be stored/,
  );
});

test('next command after one with cut output: it has all of its output', async () => {
  const { remote } = await startSmall('400k');
  await remote.run(['exec', 'head -c 900000 /dev/zero']);
  const next = await remote.run(['exec', '--json', 'head -c 300000 /dev/zero']);
  expect(next.exitCode).toBe(0);
  expect(JSON.parse(next.text)).toMatchObject({ truncated: false, missing_bytes: 0, stdout_bytes: 300_000 });
});

test('GET …/output of a command with cut output: the missing bytes, the reason cut, and no exit status 0', async () => {
  const { remote } = await startSmall('400k');
  const { key, url } = await readSession(remote.configDir);
  await remote.run(['exec', 'head -c 900000 /dev/zero']);
  const answer = await curl([`${url}/api/session/${key}/commands/c1/output`]);
  const { bytes, ...rest } = missingOf(answer);
  expect(rest).toEqual({ reason: 'cut', exitStatus: undefined });
  expect(Number(bytes)).toBeGreaterThan(400_000);
});

test('listener counts the cut bytes of each stream: a reader of one stream gets the count of that stream', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  const id = await session.begin();
  expect((await session.upload(id, 200_000)).status).toBe(507);
  expect((await session.upload(id, 50_000)).status).toBe(200);
  const ended = await session.finish(id, '', 50_000, '&stdout_cut=150000&stderr_cut=7');
  expect(ended.status).toBe(200);
  const readOf = async (query: string) =>
    missingOf(await session.ask('GET', `/commands/${id}/output?${query}`));
  const cut = (bytes: number) => ({ bytes: String(bytes), reason: 'cut', exitStatus: undefined });
  expect(await readOf('stdout=0&stderr=0')).toEqual(cut(150_007));
  expect(await readOf('stream=stdout&offset=50000')).toEqual(cut(150_000));
  expect(await readOf('stream=stderr&offset=0')).toEqual(cut(7));
});

test('listener does not count refused output: readers learn that an unknown number of bytes is missing', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  const id = await session.begin();
  expect((await session.upload(id, 200_000)).status).toBe(507);
  expect((await session.finish(id, '', 0, '')).status).toBe(200);
  expect(missingOf(await session.read(id))).toEqual({ bytes: '0', reason: 'cut', exitStatus: undefined });
});

test('listener sends all of its refused output later and counts nothing as cut: nothing is missing', async () => {
  const relay = await startQuotaRelay('--session-quota', '100k');
  const session = await makeQuotaSession(relay);
  const id = await session.begin();
  const script = `: ${'x'.repeat(60_000)}`;
  expect((await session.ask('POST', '/commands', script)).status).toBe(201);
  expect((await session.upload(id, 90_000)).status).toBe(507);
  expect((await session.upload(id, 30_000)).status).toBe(200);
  expect((await session.finish(id, '', 30_000)).status).toBe(200);
  expect(missingOf(await session.read(id))).toEqual({ bytes: undefined, reason: undefined, exitStatus: '0' });
});

test('restart of the relay: readers still learn that output of a command was cut', async () => {
  const { relay, restart } = await startRestartable('--session-quota', '100k');
  const before = await makeQuotaSession(relay);
  const id = await before.begin();
  expect((await before.upload(id, 200_000)).status).toBe(507);
  expect((await before.upload(id, 50_000)).status).toBe(200);
  // The relay is killed between the refusal and the end: it has stored the refusal.
  const [session] = await restart(before);
  if (!session) throw new Error('no session');
  expect((await session.finish(id, '', 50_000, '')).status).toBe(200);
  expect(missingOf(await session.read(id))).toEqual({ bytes: '0', reason: 'cut', exitStatus: undefined });
  const counted = await session.begin();
  expect((await session.upload(counted, 40_000)).status).toBe(200);
  expect((await session.finish(counted, '', 40_000, '&stdout_cut=11&stderr_cut=0')).status).toBe(200);
  const [again] = [await session.read(counted)];
  expect(missingOf(again)).toEqual({ bytes: '11', reason: 'cut', exitStatus: undefined });
});

test('output beyond the quota of the address: cut as well, exec exits with 255', async () => {
  const relay = await forTest(startRelay({ flags: ['--address-quota', '400k'] }));
  const remote = await forTest(startRemote(relay));
  const run = await remote.run(['exec', '--json', 'head -c 900000 /dev/zero']);
  expect(run.exitCode).toBe(255);
  expect(JSON.parse(run.text)).toMatchObject({ truncated: true });
});
