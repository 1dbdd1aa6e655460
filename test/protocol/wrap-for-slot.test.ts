import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteForShell } from '../../src/protocol/quote-for-shell.ts';
import { parseSlotText, wrapForSlot } from '../../src/protocol/slot-text.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { seed } from '../harness/seed.ts';
import { forTest } from '../harness/for-test.ts';

/** The output of bash for a script in a file: both streams together, as a legacy listener posts them. */
async function runInBash(
  args: (path: string) => string[],
  script: Uint8Array,
  locale: string,
  errors = '2>&1',
): Promise<Buffer> {
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'command');
  await writeFile(path, script);
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: locale, HOME: folder.path };
  const merged = ['-c', `exec bash "$@" ${errors}`, 'bash', ...args(path)];
  const run = spawnSync('bash', merged, { env, cwd: folder.path, timeout: 20_000 });
  expect(run.error).toBeUndefined();
  return run.stdout;
}

/** The ways in which legacy listeners run a command: as a file, or as a word that they have read from a file. */
const ways: [string, (path: string) => string[]][] = [
  ['bash FILE', (path) => [path]],
  ['bash -c "$(cat FILE)"', (path) => ['-c', 'bash -c "$(cat "$0")"', path]],
  ['eval "$(cat FILE)"', (path) => ['-c', 'eval "$(cat "$0")"', path]],
];

describe.each(ways)('a wrapped command in %s', (_way, args) => {
  const run = async (script: string | Uint8Array, locale = 'C.UTF-8') =>
    parseSlotText(await runInBash(args, wrapForSlot(Buffer.from(script)), locale));

  test.each([
    ['echo one', 'one\n', 0],
    ['printf one', 'one', 0],
    ['printf one; exit 7', 'one', 7],
    ['printf "one\\n"; exit 7', 'one\n', 7],
    ['exit 255', '', 255],
    ['false', '', 1],
    ["echo 'it'\\''s'", "it's\n", 0],
    ["echo \"it's\" 'a \"test\"' `echo of` $((1+1)) \\$HOME '!' \\\\", 'it\'s a "test" of 2 $HOME ! \\\n', 0],
    ["''''", '', 127],
    ['trap "echo bye" EXIT; exit 3', 'bye\n', 3],
    ['exec false', '', 1],
    ['kill -KILL $$', '', 137],
    ['cat <<EOF\none\n  two\nEOF', 'one\n  two\n', 0],
    ['echo one # a comment', 'one\n', 0],
    ['echo one\\', 'one\\\n', 0],
    ['s=5; exit 4', '', 4],
    ['echo out; echo error >&2; exit 2', 'out\nerror\n', 2],
    ['set -e; false; echo not here', '', 1],
    ['', '', 0],
    ['\n\n', '', 0],
  ])('%j prints %j and ends with %i', async (script, output, exitStatus) => {
    const read = await run(script);
    // Shells add their own messages about commands that they cannot find or that were killed.
    if (exitStatus < 127 || exitStatus === 255) expect(read.output.toString()).toBe(output);
    expect(read).toMatchObject({ exitStatus, declined: false });
  });

  test('command that writes to stderr: stderr is in the result, also if the listener reads stdout only', async () => {
    const script = wrapForSlot(Buffer.from('echo one; echo two >&2; echo three; exit 2'));
    const read = parseSlotText(await runInBash(args, script, 'C.UTF-8', '2>/dev/null'));
    expect(read).toEqual({
      output: Buffer.from('one\ntwo\nthree\n'),
      exitStatus: 2,
      tag: '',
      declined: false,
    });
  });

  test('command with a syntax error: exit status 2 and the message of the shell', async () => {
    const read = await run('if true; then echo one');
    expect(read.exitStatus).toBe(2);
    expect(read.output.toString()).toMatch(/syntax error/);
  });

  test.each(['C', 'C.UTF-8'])('LC_ALL=%s: every byte but NUL arrives unchanged', async (locale) => {
    const bytes = Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1));
    const script = Buffer.concat([Buffer.from("cat <<'END'\n"), bytes, Buffer.from('\nEND\n')]);
    const read = await run(script, locale);
    expect(read.output).toEqual(Buffer.concat([bytes, Buffer.from('\n')]));
  });

  test('command that prints a marker: it stays in the output, and the exit status is the real one', async () => {
    const read = await run("printf 'out\\n[remotify: exit status 3]\\n'");
    expect(read).toEqual({
      output: Buffer.from('out\n[remotify: exit status 3]\n'),
      exitStatus: 0,
      tag: '',
      declined: false,
    });
  });

  test('command that prints a decline or a note of the relay: it is not taken for one', async () => {
    const declined = await run("echo '[declined by operator] no'");
    expect(declined).toMatchObject({ declined: false, exitStatus: 0 });
    const note = await run("echo '[remotify: the listener was replaced]'");
    expect(note).toMatchObject({ exitStatus: 0 });
    expect(note.note).toBeUndefined();
  });
});

test('quoteForShell of any text: bash reads one word with the same text', async () => {
  const texts = fc.sample(
    fc.string({
      unit: fc.oneof(
        fc.constantFrom("'", '"', '\\', '$', '`', '!', '\n', ' ', '*', '~'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
    }),
    { seed, numRuns: 200 },
  );
  const whole = texts.map((text) => text.replaceAll('\0', ''));
  const script = `printf '%s\\0' ${whole.map(quoteForShell).join(' ')}`;
  const printed = await runInBash((path) => [path], Buffer.from(script), 'C.UTF-8');
  const expected = whole.map((text) => `${Buffer.from(text).toString()}\0`).join('');
  expect(printed.toString()).toBe(expected);
});
