import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startRelay } from '../harness/relay-process.ts';
import { waitForState } from '../harness/remote.ts';
import { makeLedger, type Running, waitForEnd, startFor, startRemoteFor } from './rig.ts';
import { forTest } from '../harness/for-test.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Starts an exec of a command that prints 300 kB, waits at a gate, and prints another 300 kB. */
async function startHalfWay() {
  const relay = await forTest(startRelay());
  const remote = await startRemoteFor(relay);
  const ledger = await makeLedger();
  const gate = await forTest(makeGate(ledger.folder));
  const halves = [randomBytes(300_000), randomBytes(300_000)] as const;
  const files = halves.map((_, at) => join(ledger.folder, `half-${at}`));
  for (const [at, bytes] of halves.entries()) await writeFile(files[at] ?? '', bytes);
  const script = `echo ran >>'${ledger.path}'; cat '${files[0]}'; ${gate.wait}; cat '${files[1]}'; exit 5`;
  const exec = startFor(remote, ['exec', script]);
  const { commands } = await waitForState(remote, 'the command runs', ({ commands: [first] }) => {
    return first?.state === 'running';
  });
  return { remote, ledger, gate, halves, exec, id: commands[0]?.id ?? '' };
}

const hasRead = (cli: Running, bytes: number) =>
  eventually(`${bytes} bytes are read`, 20_000, () => cli.stdout().byteLength >= bytes);

async function killNow(cli: Running): Promise<void> {
  cli.child.kill('SIGKILL');
  await withDeadline(cli.closed, 5_000, 'a client ends on SIGKILL');
}

test('exec is killed while its command runs: two clients that follow the command get its complete output', async () => {
  const { remote, ledger, gate, halves, exec, id } = await startHalfWay();
  await hasRead(exec, 1);
  await killNow(exec);

  const readers = [startFor(remote, ['logs', '-f', id]), startFor(remote, ['logs', '-f', id])];
  for (const reader of readers) await hasRead(reader, halves[0].byteLength);
  await gate.open();

  const whole = Buffer.concat(halves);
  for (const reader of readers) {
    expect((await waitForEnd(reader, 'a reader ends')).code).toBe(5);
    expect(reader.stdout().byteLength).toBe(whole.byteLength);
    expect(sha256(reader.stdout())).toBe(sha256(whole));
  }
  const again = await remote.run(['logs', id]);
  expect(sha256(again.stdout)).toBe(sha256(whole));
  expect(await ledger.lines()).toEqual(['ran']);
});

test('a reader is killed: exec gets all output, and a new reader with --offset gets the rest', async () => {
  const { remote, gate, halves, exec, id } = await startHalfWay();
  const reader = startFor(remote, ['logs', '-f', id]);
  await hasRead(reader, halves[0].byteLength);
  await killNow(reader);
  const rest = startFor(remote, ['logs', '-f', id, '--offset', String(reader.stdout().byteLength)]);
  await gate.open();

  expect((await waitForEnd(rest, 'the rest is read')).code).toBe(5);
  expect((await waitForEnd(exec, 'exec ends')).code).toBe(5);
  const whole = sha256(Buffer.concat(halves));
  expect(sha256(Buffer.concat([reader.stdout(), rest.stdout()]))).toBe(whole);
  expect(sha256(exec.stdout())).toBe(whole);
});

test('exec is killed while its command is queued: the command runs once', async () => {
  const { remote, ledger, gate, exec } = await startHalfWay();
  const second = startFor(remote, ['exec', `echo second | tee -a '${ledger.path}'`]);
  const { commands } = await waitForState(
    remote,
    'the second command is queued',
    (state) => state.queue_length === 1,
  );
  await killNow(second);
  await gate.open();
  await waitForEnd(exec, 'the first command ends');
  const { text, exitCode } = await remote.run(['logs', '-f', commands[1]?.id ?? '']);
  expect([exitCode, text]).toEqual([0, 'second\n']);
  expect(await ledger.lines()).toEqual(['ran', 'second']);
});
