import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

// The command line of exec arrives on the remote unchanged.

// All tests share one remote: no command leaves anything behind that another one could find.
const relay = useRelay();
const remote = useRemote(relay);

async function makeFile(content: string | Uint8Array): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'a script.sh');
  await writeFile(path, content);
  return path;
}

/** Prints its arguments, each followed by a NUL. */
const show = ['sh', '-c', 'for word; do printf "%s\\0" "$word"; done', 'show'];

const split = (bytes: Buffer) => bytes.toString('utf8').split('\0').slice(0, -1);

describe('one argument is shell text', () => {
  test.each([
    ['a pipe', 'echo one two | tr a-z A-Z', 'ONE TWO\n'],
    ['an expansion', 'x="a  b"; echo "$x" $x $((1 + 1))', 'a  b a b 2\n'],
    ['several lines', 'echo one\n# a remark\necho two', 'one\ntwo\n'],
    ['a here-document', 'cat <<END\nin it\nEND', 'in it\n'],
    ['quotes of both kinds', `echo 'a "b"' "c 'd'"`, `a "b" c 'd'\n`],
    ['text that is not ASCII', 'echo "grüße, 世界 🌍"', 'grüße, 世界 🌍\n'],
    ['bash, not sh', 'words=(a b); echo "${words[1]}" && [[ ab == a* ]]', 'b\n'],
  ])('one argument with %s: the shell runs it', async (_title, command, stdout) => {
    const { run } = remote;
    expect(await run(['exec', command])).toMatchObject({ exitCode: 0, text: stdout, stderr: '' });
  });
});

describe('several arguments arrive unchanged', () => {
  test('arguments with special characters and line feeds: unchanged', async () => {
    const { run } = remote;
    const words = [
      'a b| ||  two  |it\'s|"quoted"|\'"\'"\'|$HOME|${x}|$(id)|`id`|!|!!|*|?|[a-z]|~|~root|\\|\\n|a\\|#|a#b|;|&&'.split(
        '|',
      ),
      [
        'a\nb',
        '\n',
        'tab\there',
        '|',
        '>',
        '<(x)',
        '(',
        ')',
        '{a,b}',
        '=',
        'a=b',
        '-',
        '--',
        '-n',
        '-e',
        '--json',
      ],
      ['-s', '--', 'ünï', '世界', '🌍', '\u001b[31m', '\r', '%s', '%%', '@', '^', ','],
    ].flat();
    const result = await run(['exec', ...show, ...words]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(split(result.stdout)).toEqual(words);
  });

  test('options after the command belong to it, even those that remotify has too', async () => {
    const { run } = remote;
    const words = ['--json', '-d', '--timeout', '1s', '-h', '--help', '--version', '-q', '--', '-s', 'x'];
    const result = await run(['exec', ...show, ...words]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(split(result.stdout)).toEqual(words);
  });

  test('a -- before the command ends the options of remotify and is not passed on', async () => {
    const { run } = remote;
    const result = await run(['exec', '-q', '--', ...show, '-x', '--', '--json']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(split(result.stdout)).toEqual(['-x', '--', '--json']);
  });

  test('one argument after -- is shell text too', async () => {
    const { run } = remote;
    expect(await run(['exec', '--', 'echo a | tr a b'])).toMatchObject({ exitCode: 0, text: 'b\n' });
  });

  test('arguments of 600 KB in total: they arrive', async () => {
    const { run } = remote;
    const words = Array.from({ length: 6 }, (_, at) => `${at}${'x'.repeat(100_000)}`);
    const result = await run([
      'exec',
      'for-each-length() { for w; do echo "${#w}"; done; }; for-each-length "$@"',
    ]);
    expect(result.exitCode).toBe(0);
    const long = await run(['exec', 'printf', '%.3s\n', ...words]);
    expect(long).toMatchObject({ exitCode: 0, text: '0xx\n1xx\n2xx\n3xx\n4xx\n5xx\n', stderr: '' });
  });
});

describe('--file', () => {
  const script = '#!/bin/bash\nprintf "%s\\0" "$@"\nexit 3';

  test('--file runs a script with its arguments', async () => {
    const { run } = remote;
    const words = ['a b', '', '--json', '-x', "it's", 'a\nb', '--'];
    const result = await run(['exec', '--file', await makeFile(script), ...words]);
    expect(result).toMatchObject({ exitCode: 3, stderr: '' });
    expect(split(result.stdout)).toEqual(words);
  });

  test('-f - reads the script from stdin', async () => {
    const { run } = remote;
    const result = await run(['exec', '-f', '-', 'one', 'two'], { stdin: script });
    expect(result).toMatchObject({ exitCode: 3, stderr: '' });
    expect(split(result.stdout)).toEqual(['one', 'two']);
  });

  test('a script with bytes that are not UTF-8: they arrive unchanged', async () => {
    const { run } = remote;
    const path = await makeFile(Buffer.from('printf "%s" "\xff\xfe\x01"', 'latin1'));
    const result = await run(['exec', '-f', path]);
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toEqual(Buffer.from([0xff, 0xfe, 0x01]));
  });

  test('a script of exactly 1 MiB: it runs', async () => {
    const { run } = remote;
    const end = '\necho reached\n';
    const path = await makeFile(`#${'x'.repeat(1_048_576 - 1 - end.length)}${end}`);
    expect(await run(['exec', '-f', path])).toMatchObject({ exitCode: 0, text: 'reached\n', stderr: '' });
  });
});

describe('--env and --cwd', () => {
  test('--env NAME=VALUE with special characters, and --env NAME from the local environment', async () => {
    const { run } = remote;
    const value = ` a=b 'c' "d" $e \`f\` \\ *\n`;
    const args = ['--env', `ONE=${value}`, '--env', 'TWO', '--env', 'EMPTY='];
    const command = 'printf "%s\\0" "$ONE" "$TWO" "${EMPTY-unset}"; sh -c \'printf "%s\\0" "$ONE"\'';
    const result = await run(['exec', ...args, command], { env: { TWO: 'from here' } });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(split(result.stdout)).toEqual([value, 'from here', '', value]);
  });

  test('--cwd: the command runs in that folder', async () => {
    const { run } = remote;
    const folder = join(await makeFile(''), '..');
    expect(await run(['exec', '--cwd', folder, 'pwd -P'])).toMatchObject({
      exitCode: 0,
      text: `${folder}\n`,
    });
  });

  test('--cwd with a missing folder: the command does not run', async () => {
    const { run } = remote;
    const result = await run(['exec', '--cwd', '/no/such folder', 'echo ran']);
    expect(result).toMatchObject({ exitCode: 1, text: '' });
    expect(result.stderr).toContain('/no/such folder: No such file or directory');
  });

  test('--env and --cwd with --file and arguments', async () => {
    const { run } = remote;
    const path = await makeFile('printf "%s\\0" "$PWD" "$NAME" "$@"');
    const result = await run(['exec', '--env', 'NAME=x', '--cwd', '/', '-f', path, 'a b']);
    expect(result.exitCode).toBe(0);
    expect(split(result.stdout)).toEqual(['/', 'x', 'a b']);
  });
});
