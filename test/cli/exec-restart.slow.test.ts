import { describe, expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// The relay is killed and restarted on the same port with the same store.

async function startLastingRelay() {
  const folder = await forTest(makeTemporaryFolder());
  const store = `file:${folder.path}/store`;
  let relay = await startRelay({ store });
  onTestFinished(() => relay.stop());
  const down = () => relay.kill('SIGKILL');
  const up = async () => {
    await relay.stop();
    relay = await startRelay({ store, port: relay.port });
  };
  return { url: relay.url, folder: folder.path, down, up };
}

describe('kill -9 of the relay', () => {
  test('relay killed while a command runs: exec reports the loss and the return of the relay', {
    timeout: 60_000,
  }, async () => {
    const relay = await startLastingRelay();
    const remote = await forTest(startRemote(relay));
    const gate = await forTest(makeGate(relay.folder));
    const command = `echo one; echo warning >&2; ${gate.wait}; echo two; ${gate.wait}; echo three; exit 6`;
    const exec = remote.start(['exec', command]);
    await eventually('the first line', 15_000, () => exec.stdout().toString() === 'one\n');
    await relay.down();
    await eventually('exec reports the failure', 15_000, () => exec.stderr().includes('; trying again'));
    // The command prints while the relay is down.
    await gate.open();
    await relay.up();
    await eventually('exec reports that the relay is back', 40_000, () =>
      exec.stderr().includes('the relay answers again'),
    );
    await eventually('the second line', 40_000, () => exec.stdout().toString() === 'one\ntwo\n');
    await gate.open();
    expect(await withDeadline(exec.closed, 40_000, 'exec ends with its command')).toMatchObject({ code: 6 });
    expect(exec.stdout().toString()).toBe('one\ntwo\nthree\n');
    const words = exec.stderr().split('\n');
    expect(words).toContain('warning');
    expect(words.filter((line) => line.endsWith('; trying again'))).toHaveLength(1);
    expect(words.filter((line) => line === 'remotify: the relay answers again')).toHaveLength(1);
  });

  test('while a command ends: exec still gets its status and output', { timeout: 60_000 }, async () => {
    const relay = await startLastingRelay();
    const remote = await forTest(startRemote(relay));
    const gate = await forTest(makeGate(relay.folder));
    const exec = remote.start(['exec', `echo one; ${gate.wait}; echo two; exit 4`]);
    await eventually('the first line', 15_000, () => exec.stdout().toString() === 'one\n');
    await relay.down();
    await gate.open();
    await eventually('the command ends while the relay is down', 15_000, async () => {
      const alive = await remote.listener.processes();
      return !alive.some(({ commandLine }) => commandLine.endsWith('/command'));
    });
    await relay.up();
    expect(await withDeadline(exec.closed, 45_000, 'exec ends with its command')).toMatchObject({ code: 4 });
    expect(exec.stdout().toString()).toBe('one\ntwo\n');
  });

  test('between push and start: the command is still queued, and runs', { timeout: 60_000 }, async () => {
    const relay = await startLastingRelay();
    const client = await forTest(makeClient(relay));
    const line = await client.makeSession('--auto');
    expect(await client.run(['exec', '--detach', 'echo kept; exit 3'])).toMatchObject({
      exitCode: 0,
      text: 'c1\n',
    });
    await relay.down();
    await relay.up();
    const listener = await forTest(startListener(line));
    expect(await client.run(['logs', '-f', 'c1'])).toMatchObject({ exitCode: 3, text: 'kept\n' });
    expect(listener.output().match(/^>>> /gm)).toHaveLength(1);
  });

  test('between finish and read: output and status are still stored', { timeout: 60_000 }, async () => {
    const relay = await startLastingRelay();
    const remote = await forTest(startRemote(relay));
    await remote.run(['exec', '-d', 'echo out; echo err >&2; exit 3']);
    await waitForState(
      remote,
      'the command is finished',
      ({ commands }) => commands[0]?.state === 'finished',
    );
    await relay.down();
    await relay.up();
    expect(await remote.run(['logs', '-f'])).toMatchObject({ exitCode: 3, text: 'out\n', stderr: 'err\n' });
    expect(await remote.run(['exec', 'echo next'], { deadlineMs: 45_000 })).toMatchObject({
      exitCode: 0,
      text: 'next\n',
    });
  });

  test('while exec waits for a listener: it continues to wait', { timeout: 60_000 }, async () => {
    const relay = await startLastingRelay();
    const client = await forTest(makeClient(relay));
    const line = await client.makeSession('--auto');
    const exec = client.start(['exec', 'echo ran']);
    await eventually('exec waits', 15_000, () => exec.stderr().includes('waiting for a listener'));
    await relay.down();
    await eventually('exec reports the failure', 15_000, () => exec.stderr().includes('; trying again'));
    await relay.up();
    await forTest(startListener(line));
    expect(await withDeadline(exec.closed, 40_000, 'exec ends')).toMatchObject({ code: 0 });
    expect(exec.stdout().toString()).toBe('ran\n');
  });

  test('during logs -f: logs reconnects, and reports the failure', { timeout: 60_000 }, async () => {
    const relay = await startLastingRelay();
    const remote = await forTest(startRemote(relay));
    const gate = await forTest(makeGate(relay.folder));
    await remote.run(['exec', '-d', `echo one; ${gate.wait}; echo two`]);
    const logs = remote.start(['logs', '-f']);
    await eventually('the first line', 15_000, () => logs.stdout().toString() === 'one\n');
    await relay.down();
    await eventually('logs reports the failure', 15_000, () => logs.stderr().includes('; trying again'));
    await relay.up();
    await gate.open();
    expect(await withDeadline(logs.closed, 40_000, 'logs -f ends')).toMatchObject({ code: 0 });
    expect(logs.stdout().toString()).toBe('one\ntwo\n');
  });
});
