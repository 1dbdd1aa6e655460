import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { startListener } from '../harness/listener.ts';
import { type Remote, waitForState } from '../harness/remote.ts';
import { makeClient } from '../harness/client.ts';
import {
  hasPrinted,
  makeLedger,
  openGate,
  type Running,
  waitForEnd,
  startFor,
  startRemoteFor,
} from './rig.ts';
import { forTest } from '../harness/for-test.ts';

const timeout = 90_000;

const hasSaid = (cli: Running, text: string) =>
  eventually(`exec prints "${text}"`, 20_000, () => cli.stderr().includes(text));

const isNoticed = (remote: Remote) =>
  eventually('the listener reports that it cannot reach the relay', 20_000, () =>
    remote.listener.output().includes('remotify: cannot reach the relay: '),
  );

/** Runs `exec --detach`, and returns the id that it prints. */
async function detach(remote: { run: Remote['run'] }, script: string): Promise<string> {
  const { text, exitCode, stderr } = await remote.run(['exec', '-d', script]);
  expect([exitCode, stderr]).toEqual([0, '']);
  return text.trim();
}

const isFinished = (remote: Remote, id: string) =>
  waitForState(remote, `${id} is finished`, ({ commands }) =>
    commands.some((command) => command.id === id && command.state === 'finished'),
  );

test('the relay is killed while a command runs: the command continues, exec reports the loss and the return of the relay', {
  timeout,
}, async () => {
  const relay = await startLastingRelay();
  const remote = await startRemoteFor(relay);
  const ledger = await makeLedger();
  const gate = await openGate(ledger);
  const script = `echo begun >>'${ledger.path}'; echo begun; ${gate.wait}; seq 20000; echo over >&2; exit 7`;
  const exec = startFor(remote, ['exec', script]);
  await hasPrinted(exec, 'begun\n');

  await relay.kill();
  await hasSaid(exec, 'trying again');
  await relay.start();
  await gate.open();

  const { code, text, stderr } = await waitForEnd(exec, 'exec ends after the restart');
  const numbers = Array.from({ length: 20_000 }, (_, at) => `${at + 1}\n`).join('');
  expect(text).toBe(`begun\n${numbers}`);
  expect(stderr).toMatch(
    /^remotify: cannot reach \S+: .+; trying again\nremotify: the relay answers again\nover\n$/,
  );
  expect(code).toBe(7);
  expect(await ledger.lines()).toEqual(['begun']);
});

test('the relay is killed four times during output: no byte is lost or repeated', { timeout }, async () => {
  const relay = await startLastingRelay();
  const remote = await startRemoteFor(relay);
  const ledger = await makeLedger();
  const gate = await openGate(ledger);
  const rounds = 4;
  const part = 'head -c 400000 /dev/urandom | tee -a "$LOG"; printf "part %d\\n" $i | tee -a "$LOG" >&2';
  const log = `${ledger.folder}/log`;
  const script = `LOG='${log}'; for i in $(seq ${rounds}); do ${part}; ${gate.wait}; done`;
  const exec = startFor(remote, ['exec', '--merge', script]);
  for (let round = 1; round <= rounds; round += 1) {
    await hasPrinted(exec, `part ${round}\n`);
    await relay.kill();
    // The command prints the next part while the relay is down.
    await gate.open();
    await relay.start();
  }
  const { code } = await waitForEnd(exec, 'exec ends after four restarts');
  expect(code).toBe(0);
  expect(exec.stdout().equals(await readFile(log))).toBe(true);
  expect(exec.stdout().byteLength).toBe(rounds * (400_000 + 'part 1\n'.length));
});

test('the relay is down when the command ends: the result arrives after the restart', {
  timeout,
}, async () => {
  const relay = await startLastingRelay();
  const remote = await startRemoteFor(relay);
  const ledger = await makeLedger();
  const gate = await openGate(ledger);
  const exec = startFor(remote, [
    'exec',
    `echo begun; ${gate.wait}; echo over >>'${ledger.path}'; echo over; exit 3`,
  ]);
  await hasPrinted(exec, 'begun\n');

  await relay.kill();
  await gate.open();
  await eventually('the command ended', 20_000, async () => (await ledger.lines()).length === 1);
  await isNoticed(remote);
  await relay.start();

  const { code, text } = await waitForEnd(exec, 'exec ends once the relay is back');
  expect([code, text]).toEqual([3, 'begun\nover\n']);
  expect(await ledger.lines()).toEqual(['over']);
});

test('the relay is killed after each push, before a listener connects: the commands run once, in order', {
  timeout,
}, async () => {
  const relay = await startLastingRelay();
  const client = await forTest(makeClient(relay));
  const line = await client.makeSession('--auto');
  const ledger = await makeLedger();
  const ids: string[] = [];
  for (const word of ['one', 'two', 'three']) {
    ids.push(await detach(client, `echo ${word} | tee -a '${ledger.path}'`));
    await relay.kill();
    await relay.start();
  }
  await forTest(startListener(line));
  for (const [at, word] of ['one', 'two', 'three'].entries()) {
    const { text, exitCode } = await client.run(['logs', '-f', ids[at] ?? '']);
    expect([exitCode, text]).toEqual([0, `${word}\n`]);
  }
  expect(await ledger.lines()).toEqual(['one', 'two', 'three']);
});

test('the relay is killed while a command runs and others are queued: each runs once, in order', {
  timeout,
}, async () => {
  const relay = await startLastingRelay();
  const remote = await startRemoteFor(relay);
  const ledger = await makeLedger();
  const gate = await openGate(ledger);
  const note = (word: string) => `echo ${word} >>'${ledger.path}'`;
  const ids = [await detach(remote, `${note('one')}; ${gate.wait}`)];
  for (const word of ['two', 'three']) ids.push(await detach(remote, note(word)));
  await eventually('the first command runs', 20_000, async () => (await ledger.lines()).length === 1);

  await relay.kill();
  await relay.start();
  await gate.open();

  for (const id of ids) expect((await remote.run(['logs', '-f', id])).exitCode).toBe(0);
  expect(await ledger.lines()).toEqual(['one', 'two', 'three']);
});

test('the relay is killed after a command ended, before its output is read: logs prints it, each time', {
  timeout,
}, async () => {
  const relay = await startLastingRelay();
  const remote = await startRemoteFor(relay);
  const ledger = await makeLedger();
  const id = await detach(remote, `echo out; echo err >&2; echo ran >>'${ledger.path}'; exit 4`);
  await isFinished(remote, id);

  await relay.kill();
  await relay.start();

  for (const args of [
    ['logs', id],
    ['logs', '-f', id],
  ]) {
    const { text, stderr } = await remote.run(args);
    expect([text, stderr]).toEqual(['out\n', 'err\n']);
  }
  expect((await remote.run(['logs', '-f', id])).exitCode).toBe(4);
  expect(await ledger.lines()).toEqual(['ran']);
});

test('the relay restarts four times during twelve short commands: each ends, and ran once', {
  timeout,
}, async () => {
  const relay = await startLastingRelay();
  const remote = await startRemoteFor(relay);
  const ledger = await makeLedger();
  const count = 12;
  const script = (nth: number) => `echo ${nth} >>'${ledger.path}'; echo ${nth}`;
  // The restarts interrupt requests at different steps of a command.
  let isOver = false;
  const restarts = (async () => {
    for (let nth = 0; nth < 4 && !isOver; nth += 1) {
      await eventually(
        `${2 * nth + 1} commands ran`,
        60_000,
        async () => (await ledger.lines()).length > 2 * nth,
      );
      await relay.kill();
      await relay.start();
    }
  })();
  for (let nth = 0; nth < count; nth += 1) {
    const exec = await waitForEnd(startFor(remote, ['exec', script(nth)]), `command ${nth} ends`);
    expect([exec.code, exec.text]).toEqual([0, `${nth}\n`]);
  }
  isOver = true;
  await restarts;
  expect(await ledger.lines()).toEqual(Array.from({ length: count }, (_, nth) => String(nth)));
});
