import { expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startRemote } from '../harness/remote.ts';
import { evicted, makeQuotaSession, missingOf, startQuotaRelay } from './quota-kit.ts';
import { forTest } from '../harness/for-test.ts';

// An address is full, nothing can be evicted, and a request is refused: the output of a command that ends right after that is evicted immediately.

test('command that fills the address ends right after a refused upload: its output is evicted for the repeated upload', async () => {
  const relay = await startQuotaRelay('--address-quota', '100k');
  const [a, b] = [await makeQuotaSession(relay), await makeQuotaSession(relay)];
  const running = await b.begin();
  expect((await b.upload(running, 80_000)).status).toBe(200);
  const id = await a.begin();
  expect((await a.upload(id, 40_000)).status).toBe(507);
  expect((await b.finish(running, '', 80_000)).status).toBe(200);
  expect((await a.upload(id, 40_000)).status).toBe(200);
  expect(missingOf(await b.read(running))).toEqual(evicted(80_000));
});

test('command that fills the address ends right after a refused push: the repeated push is accepted', async () => {
  const relay = await startQuotaRelay('--address-quota', '100k');
  const [a, b] = [await makeQuotaSession(relay), await makeQuotaSession(relay)];
  const running = await b.begin();
  expect((await b.upload(running, 80_000)).status).toBe(200);
  const push = () => a.ask('POST', '/commands', `: ${'x'.repeat(40_000)}`);
  expect((await push()).status).toBe(507);
  expect((await b.finish(running, '', 80_000)).status).toBe(200);
  expect((await push()).status).toBe(201);
});

test('exec after a refused push, while ended commands fill the address: all of its output, exit status 0', async () => {
  const relay = await startQuotaRelay('--address-quota', '1m');
  const [old, remote] = [await startRemote(relay), await startRemote(relay)];
  onTestFinished(old.stop);
  onTestFinished(remote.stop);
  const gate = await forTest(makeGate(old.configDir));
  const exec = old.start(['exec', `head -c 900000 /dev/zero; ${gate.wait}`]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually('the address is nearly full', 15_000, () => exec.stdout().byteLength === 900_000);
  const refused = await remote.run(['exec', '-f', '-'], { stdin: `: ${'x'.repeat(500_000)}` });
  expect(refused.exitCode, refused.stderr).toBe(255);
  await gate.open();
  expect(await withDeadline(exec.closed, 15_000, 'the first exec ends')).toMatchObject({ code: 0 });
  const run = await remote.run(['exec', '--json', 'head -c 600000 /dev/zero']);
  expect(run.exitCode).toBe(0);
  expect(JSON.parse(run.text)).toMatchObject({ stdout_bytes: 600_000, truncated: false });
});
