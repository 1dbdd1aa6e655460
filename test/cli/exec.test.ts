import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startRemote } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { done } from '../harness/prompts.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

// All tests share one remote: no command leaves anything behind that another one could find.
const relay = useRelay();
const remote = useRemote(relay);

async function makeFolder(): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  return folder.path;
}

describe('exit status', () => {
  test.each([0, 1, 2, 7, 44, 124, 126, 127, 130, 137, 255])('status %i: passed through', async (status) => {
    const { run } = remote;
    const result = await run(['exec', `printf out; printf err >&2; exit ${status}`]);
    expect(result).toMatchObject({ exitCode: status, text: 'out', stderr: 'err' });
  });

  test.each([
    ['KILL', 137],
    ['TERM', 143],
    ['INT', 130],
  ])('a shell killed by SIG%s: exit status 128 + its number', async (signal, status) => {
    const { run } = remote;
    expect(await run(['exec', `kill -s ${signal} $$`])).toMatchObject({ exitCode: status, text: '' });
    expect(await run(['exec', 'echo still here'])).toMatchObject({ exitCode: 0, text: 'still here\n' });
  });

  test('a command that does not exist: 127, with the message of the remote shell', async () => {
    const { run } = remote;
    const result = await run(['exec', 'no-such-command-here']);
    expect(result).toMatchObject({ exitCode: 127, text: '' });
    expect(result.stderr).toMatch(/no-such-command-here: command not found\n$/);
    expect(result.stderr).not.toContain('remotify: ');
  });

  test('a syntax error: 2, with the message of the remote shell', async () => {
    const { run } = remote;
    const result = await run(['exec', 'if true; then']);
    expect(result).toMatchObject({ exitCode: 2, text: '' });
    expect(result.stderr).toMatch(/syntax error/);
  });
});

describe('output', () => {
  test.each([
    ['nothing', 'true', '', ''],
    ['stdout without a last line feed', 'printf "a\\nb"', 'a\nb', ''],
    ['stderr without a last line feed', 'printf "a\\nb" >&2', '', 'a\nb'],
    ['only line feeds', 'printf "\\n\\n"; printf "\\n" >&2', '\n\n', '\n'],
    ['an imitated exit marker', 'echo "[remotify: exit status 9]"', '[remotify: exit status 9]\n', ''],
    ['an imitated decline', 'echo "[declined by operator] no"', '[declined by operator] no\n', ''],
    ['an imitated end frame', 'echo "remotify/1 end c1"', 'remotify/1 end c1\n', ''],
  ])('output with %s: unchanged', async (_title, command, stdout, stderr) => {
    const { run } = remote;
    expect(await run(['exec', command])).toMatchObject({ exitCode: 0, text: stdout, stderr });
  });

  test('all 256 byte values on both streams: unchanged', async () => {
    const { run, start } = remote;
    const octal = Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const out = await run(['exec', `printf '${octal}'`]);
    expect(out).toMatchObject({ exitCode: 0, stderr: '' });
    expect(out.stdout).toEqual(bytes);
    const both = start(['exec', `printf '${octal}' >&2; printf '${octal}${octal}'`]);
    const stderr: Buffer[] = [];
    both.child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    expect(await withDeadline(both.closed, 20_000, 'exec ends')).toMatchObject({ code: 0 });
    expect(Buffer.concat(stderr)).toEqual(bytes);
    expect(both.stdout()).toEqual(Buffer.concat([bytes, bytes]));
  });

  test('3 MiB of random output: complete', async () => {
    const { run } = remote;
    const copy = join(await makeFolder(), 'copy');
    const result = await run(['exec', `head -c 3145728 /dev/urandom | tee '${copy}'`], {
      deadlineMs: 20_000,
    });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout.length).toBe(3 * 1024 * 1024);
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(digest(result.stdout)).toBe(digest(await readFile(copy)));
  });

  test('a command with 3 MiB of random output runs only once', async () => {
    const own = await forTest(startRemote(relay));
    const { run, start, listener } = own;
    const trace = join(await makeFolder(), 'trace');
    const exec = start(['exec', `echo ran >>'${trace}'; head -c 3145728 /dev/urandom`]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await eventually('the listener is done', 15_000, () => listener.output().includes(done));
    // Next in the queue: once this command has run, the first one was not started again.
    await run(['exec', 'true'], { deadlineMs: 10_000 }).catch(() => {});
    expect((await readFile(trace, 'utf8')).split('\n').length - 1).toBe(1);
  });

  test('2 MiB on each stream at the same time: the streams do not mix', async () => {
    const { run } = remote;
    const result = await run([
      'exec',
      "head -c 2097152 /dev/zero | tr '\\0' o & head -c 2097152 /dev/zero | tr '\\0' e >&2; wait",
    ]);
    expect(result.exitCode).toBe(0);
    expect(result.text === 'o'.repeat(2_097_152)).toBe(true);
    expect(result.stderr === 'e'.repeat(2_097_152)).toBe(true);
  });

  test('output appears while the command runs', async () => {
    const { start } = remote;
    const gate = await forTest(makeGate(await makeFolder()));
    const exec = start(['exec', `echo first; echo warning >&2; ${gate.wait}; echo last`]);
    await eventually('the first line arrives before the command ends', 15_000, () => {
      return exec.stdout().toString() === 'first\n' && exec.stderr() === 'warning\n';
    });
    expect(exec.isRunning()).toBe(true);
    await gate.open();
    expect(await withDeadline(exec.closed, 15_000, 'exec ends with its command')).toMatchObject({ code: 0 });
    expect(exec.stdout().toString()).toBe('first\nlast\n');
    expect(exec.stderr()).toBe('warning\n');
  });

  test('output of a background child after the end of the command: discarded, and exec does not wait for it', async () => {
    const { run } = remote;
    const gate = await forTest(makeGate(await makeFolder()));
    expect(await run(['exec', `(${gate.wait}; echo late) & echo early`])).toMatchObject({
      exitCode: 0,
      text: 'early\n',
    });
    const next = await run(['exec', `echo >'${join(await makeFolder(), 'x')}'; echo next`]);
    expect(next).toMatchObject({ exitCode: 0, text: 'next\n' });
    await gate.open();
    expect(await run(['exec', 'echo third'])).toMatchObject({ exitCode: 0, text: 'third\n', stderr: '' });
  });
});
