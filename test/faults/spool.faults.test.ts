import { createHash } from 'node:crypto';
import { readdir, readFile, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { withDeadline, eventually } from '../harness/deadline.ts';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { isLong } from '../harness/is-long.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRelay } from '../harness/relay-process.ts';
import { type Remote, startRemote } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { findTool, measureFolder, mib, watchFolder } from '../runner/spool-kit.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

// Output waits for the relay in a spool of limited size: when the spool is full, the command blocks.

const maxBytes = 32 * mib;

const relay = useRelay();
const remote = useRemote(relay);

/** Removed files that processes of the remote still have open. */
async function listRemovedFiles({ listener }: Remote): Promise<string[]> {
  const found: string[] = [];
  for (const { pid } of await listener.processes()) {
    const folder = `/proc/${pid}/fd`;
    for (const name of await readdir(folder).catch(() => [])) {
      const target = await readlink(join(folder, name)).catch(() => '');
      if (target.startsWith(listener.temporaryFolder) && target.endsWith(' (deleted)')) found.push(target);
    }
  }
  return found;
}

describe('the client of an endless output disconnects', () => {
  const times = isLong ? 20 : 3;

  test(`a client stops reading the output of yes: the next command runs, and the spool stays small, ${times} times`, {
    timeout: 180_000,
  }, async () => {
    const watch = watchFolder(remote.listener.temporaryFolder);
    for (let turn = 0; turn < times; turn += 1) {
      const left = remote.start(['exec', 'yes']);
      await eventually('two lines are here', 15_000, () => left.stdout().byteLength > 4);
      // As `head -2` does.
      left.child.stdout?.destroy();
      await withDeadline(left.closed, 15_000, 'the client ends');
      // The next command must not wait for the rest of the endless output.
      const next = await remote.run(['exec', 'echo next'], { deadlineMs: 15_000 });
      expect(next.text, `turn ${turn}`).toBe('next\n');
    }
    expect(await watch.stop()).toBeLessThan(maxBytes);
  });
});

test('the relay is suspended: the command blocks, and all of its output arrives later', {
  timeout: 120_000,
}, async () => {
  const file = join(remote.configDir, 'written');
  const bytes = 96 * mib;
  // The size of the file is the number of bytes that the command has written so far.
  const script = `yes 0123456789 | head -c ${bytes} | tee '${file}'`;
  const exec = remote.start(['exec', script]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually('the first bytes', 15_000, () => exec.stdout().byteLength > 0);
  sendSignal(relay.pid, 'SIGSTOP');
  onTestFinished(() => sendSignal(relay.pid, 'SIGCONT'));
  const sizeOf = async (): Promise<number> => (await stat(file)).size;
  let before = -1;
  await eventually(
    'the command blocks',
    20_000,
    async () => {
      const size = await sizeOf();
      const isStill = size === before;
      before = size;
      return isStill;
    },
    1_500,
  );
  expect(before).toBeLessThan(bytes);
  expect(await measureFolder(remote.listener.temporaryFolder)).toBeLessThan(maxBytes);
  sendSignal(relay.pid, 'SIGCONT');
  expect(await withDeadline(exec.closed, 90_000, 'the end')).toMatchObject({ code: 0 });
  const digest = (given: Uint8Array): string => createHash('sha256').update(given).digest('hex');
  expect(digest(exec.stdout())).toBe(digest(await readFile(file)));
  expect(exec.stdout().byteLength).toBe(bytes);
});

test('the client stops a command while much output waits in the spool: the dropped bytes are counted as missing', {
  timeout: 120_000,
}, async () => {
  const proxy = await forTest(startFaultProxy());
  const own = await forTest(startRelay({ flags: ['--public-url', proxy.url] }));
  proxy.aim(own);
  const there = await forTest(startRemote(own));
  const folder = there.listener.temporaryFolder;
  const exec = there.start(['exec', 'yes 0123456789']);
  await eventually('the first bytes', 15_000, () => exec.stdout().byteLength > 0);
  proxy.setRules({
    onRequest: ({ verb }) =>
      verb === 'output' ? { fault: 'canned', status: 503, body: 'later' } : undefined,
  });
  const holds = async (bytes: number) => (await measureFolder(folder)) > bytes;
  await eventually('the spool is nearly full', 60_000, () => holds(8 * mib));
  exec.child.kill('SIGINT');
  await eventually('most of the spool is dropped', 30_000, async () => !(await holds(4 * mib)));
  proxy.setRules({});
  await withDeadline(exec.closed, 60_000, 'the client ends');
  type Status = { commands: { state: string; missing_bytes: number; missing_reason: string }[] };
  const command = await eventually('the command is finished', 30_000, async () => {
    const { commands } = await there.runJson<Status>('status');
    return commands.find(({ state }) => state === 'finished');
  });
  expect(command.missing_reason).toBe('cut');
  expect(command.missing_bytes).toBeGreaterThan(4 * mib);
});

describe('a command leaves a background process that prints', () => {
  test.each([
    ['dd is there', []],
    ['dd is missing', ['dd']],
  ] as [string, string[]][])(
    '%s: output of a background process uses no disk, and the process keeps running after the end of the session',
    {
      timeout: 60_000,
    },
    async (_words, missing) => {
      const path = await forTest(makeTemporaryFolder());
      const tools = ['bash', 'curl', 'mktemp', 'cat', 'wc', 'tail', 'head', 'sleep', 'rm', 'dd', 'setsid'];
      for (const name of tools)
        if (!missing.includes(name)) await symlink(findTool(name), join(path.path, name));
      const there = await forTest(startRemote(relay, { PATH: path.path }));
      const file = join(there.configDir, 'turns');
      // The process is silent at first, while the listener waits for the rest of the output.
      const child = `sleep 3; while :; do head -c 1000000 /dev/zero; echo >>'${file}'; sleep .05; done`;
      const { text, stderr } = await there.run(['exec', `(${child}) & echo x`]);
      expect([text, stderr]).toEqual(['x\n', '']);
      const turns = async (): Promise<number> => (await readFile(file, 'utf8').catch(() => '')).length;
      await eventually('the process has printed much', 20_000, async () => (await turns()) > 20);
      expect(await measureFolder(there.listener.temporaryFolder)).toBeLessThan(4 * mib);
      expect(await listRemovedFiles(there)).toEqual([]);
      expect((await there.run(['exec', 'echo next'])).text).toBe('next\n');
      await there.run(['end']);
      await withDeadline(there.listener.exited, 15_000, 'the listener ends');
      const then = await turns();
      await eventually('the process still runs', 10_000, async () => (await turns()) > then + 5);
      expect(await readdir(there.listener.temporaryFolder)).toEqual([]);
      expect(await listRemovedFiles(there)).toEqual([]);
    },
  );

  test('output goes through a process substitution that ends after the shell: all of it arrives', async () => {
    const script = 'exec > >(while read -r l; do sleep .03; echo "ts $l"; done); seq 1 100';
    const { exitCode, text, stderr } = await remote.run(['exec', script]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(text).toBe(Array.from({ length: 100 }, (_, at) => `ts ${at + 1}\n`).join(''));
  });

  test('a silent background process: the command ends at once, without a notice', async () => {
    const { exitCode, text, stderr } = await remote.run(['exec', 'sleep 20 & echo x'], { deadlineMs: 8_000 });
    expect([exitCode, text, stderr]).toEqual([0, 'x\n', '']);
  });

  test('a background process that keeps printing: the command ends after a wait, with a notice', {
    timeout: 60_000,
  }, async () => {
    const script = '(while :; do echo on; sleep .2; done) & echo x; echo $! >&2';
    const { exitCode, text, stderr } = await remote.run(['exec', script], { deadlineMs: 40_000 });
    expect(exitCode).toBe(0);
    expect(text).toMatch(/^(x|on)\n(on\n)*/);
    expect(stderr).toContain(
      'remotify: a background process still holds the output open; its further output is discarded',
    );
    process.kill(Number(stderr.split('\n')[0]), 'SIGTERM');
  });
});
