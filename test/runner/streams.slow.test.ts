import { createHash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { startCli } from '../harness/cli.ts';
import { withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

// Commands that reopen, merge, copy or leave open their standard streams.

const relay = useRelay();
const remote = useRemote(relay);

test.each([
  ['opens /dev/stderr again and again', 'for i in 1 2 3; do echo $i >/dev/stderr; done', '', '1\n2\n3\n'],
  ['opens /dev/stdout after it has written', 'echo one; echo two >/dev/stdout', 'one\ntwo\n', ''],
  ['writes into both by tee', 'echo both | tee /dev/stderr', 'both\n', 'both\n'],
  [
    'opens /dev/stderr late',
    'echo a long line >&2; sleep 1.3; echo end >/dev/stderr',
    '',
    'a long line\nend\n',
  ],
])('a command that %s: all of its output arrives', async (_what, script, out, err) => {
  const { exitCode, text, stderr } = await remote.run(['exec', script]);
  expect([exitCode, text, stderr]).toEqual([0, out, err]);
});

test('exec --merge: both streams arrive in order, also after /dev/stderr is reopened', async () => {
  const { text } = await remote.run(['exec', '--merge', 'echo 1; echo 2 >&2; echo 3 >/dev/stderr; echo 4']);
  expect(text).toBe('1\n2\n3\n4\n');
});

test('a command kills itself with SIGKILL: its last bytes of output arrive', async () => {
  const { exitCode, text } = await remote.run(['exec', 'seq 20000; kill -s KILL $$']);
  expect(exitCode).toBe(137);
  expect(text).toBe(Array.from({ length: 20_000 }, (_, at) => `${at + 1}\n`).join(''));
});

test('a background process of a command: the command ends without it, and its output is not in the next command', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const gate = await forTest(makeGate(folder.path));
  const left = await remote.run(['exec', `(${gate.wait}; echo late; echo late >&2) & echo begun`]);
  expect([left.exitCode, left.text]).toEqual([0, 'begun\n']);
  const next = remote.start(['exec', `echo one; sleep 2; head -c 300000 /dev/zero; echo over >&2`]);
  onTestFinished(() => void next.child.kill('SIGKILL'));
  await gate.open();
  expect(await withDeadline(next.closed, 20_000, 'the next command ends')).toMatchObject({ code: 0 });
  expect(next.stdout().byteLength).toBe(300_004);
  expect(next.stderr()).toBe('over\n');
});

test('a command left part of its stdin unread: the next command gets only its own stdin', async () => {
  for (let round = 0; round < 2; round += 1) {
    const early = startCli(['exec', '-i', 'sleep 0.3'], {
      configDir: remote.configDir,
      env: { REMOTIFY_URL: relay.url },
      stdin: 'open',
    });
    early.child.stdin?.end(Buffer.alloc(3_000_000, 'early'));
    await withDeadline(early.closed, 20_000, 'the early one ends');
    const bytes = Buffer.alloc(2_500_000, `late ${round}`);
    const { text } = await remote.run(['exec', '-i', 'cat'], { stdin: bytes, deadlineMs: 60_000 });
    const digest = (given: string | Buffer) => createHash('sha256').update(given).digest('hex');
    expect(digest(text), `round ${round}`).toBe(digest(bytes));
  }
}, 120_000);
