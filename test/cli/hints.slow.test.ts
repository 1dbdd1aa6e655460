import { describe, expect, test } from 'vitest';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

// Hints for common mistakes: one line on stderr, after the stderr of the remote. Output and status do not change.

const relay = useRelay();
const remote = useRemote(relay);

/** The hint in the stderr of a run. */
function findHint(stderr: string): string | undefined {
  return /^remotify: hint: (.*)$/m.exec(stderr)?.[1];
}

describe('hint that several arguments are quoted', () => {
  test.each([
    ['spaces in the first argument', ['ls -la', '/tmp'], 127, "'ls -la /tmp'"],
    ['a path and a space in the first argument', ['/bin/ls -la', 'a b'], 127, `'/bin/ls -la '\\''a b'\\'''`],
    ['a pipe in the first argument', ['cat|wc', '-l'], 127, "'cat|wc -l'"],
    ['a substitution in the first argument', ['$(which ls)', '/'], 127, "'$(which ls) /'"],
    ['&& as an argument', ['ls', '/', '&&', 'pwd'], 2, "'ls / && pwd'"],
    [
      'a redirection as an argument',
      ['cat', '/etc/hostname', '>', '/dev/null'],
      1,
      "'cat /etc/hostname > /dev/null'",
    ],
    ['a glob pattern', ['ls', '/etc/host*'], 2, "'ls /etc/host*'"],
    ['a home folder', ['cat', '~/x'], 1, "'cat ~/x'"],
    ['a variable', ['ls', '$HOME'], 2, "'ls $HOME'"],
  ] as const)('%s: hint with the quoted command', async (_title, words, status, text) => {
    const result = await remote.run(['exec', '--', ...words]);
    expect(result.exitCode).toBe(status);
    expect(findHint(result.stderr)).toMatch(/^one argument is shell text, several arguments are quoted/);
    expect(findHint(result.stderr)).toContain(`: remotify exec ${text}`);
    const json = await remote.run(['exec', '--json', '--', ...words]);
    expect(JSON.parse(json.text)).toMatchObject({ state: 'finished', exit_status: status });
  });
});

describe('hints for other mistakes', () => {
  test.each([
    ['a variable before the command', ['A=x y', 'env'], 127, /--env 'A=x y'$/],
    ['options after the --', ['--timeout', '5s', 'ls'], 127, /remotify options go before the `--`/],
    ['a text in two pairs of quotes', [`'ls -la'`], 127, /quoted twice: remotify exec 'ls -la'$/],
    [
      'a session name before the command',
      ['session-1', 'uptime'],
      127,
      /session-1 is a session: choose it with -s session-1$/,
    ],
    ['a host as first word', ['root@host', 'uptime'], 127, /exec takes no host: choose a session with -s/],
    ['an alias', ['ll'], 127, /aliases and functions of an interactive shell are not loaded/],
    ['a carriage return at the end', ['ls\r'], 127, /carriage returns/],
    ['only cd', ['cd', '/tmp'], 0, /use --cwd \/tmp, or one argument: 'cd \/tmp && COMMAND'$/],
    ['only cd, as shell text', ['cd /tmp'], 0, /use --cwd \/tmp/],
    ['only export', ['export A=1'], 0, /export has no effect on the next one/],
    [
      'a program that asks for a terminal',
      ['echo "the input device is not a TTY" >&2; exit 1'],
      1,
      /has no terminal/,
    ],
    [
      'sudo that wants a password',
      ['echo "sudo: a terminal is required to read the password" >&2; exit 1'],
      1,
      /sudo -n/,
    ],
  ] as const)('%s: a hint', async (_title, words, status, hint) => {
    const result = await remote.run(['exec', '--', ...words]);
    expect(result).toMatchObject({ exitCode: status, text: '' });
    expect(findHint(result.stderr)).toMatch(hint);
    expect(findHint((await remote.run(['exec', '-q', '--', ...words])).stderr)).toBeUndefined();
  });

  test.each([
    ['empty', ['', 'ls']],
    ['a space', [' ', 'ls']],
  ])('a first word that is %s: a usage error, nothing is pushed', async (_title, words) => {
    const result = await remote.run(['exec', ...words]);
    expect(result).toMatchObject({ exitCode: 2, text: '' });
    expect(result.stderr).toMatch(
      /^remotify: error: the first word of the command is empty\nremotify: hint: .+\n$/,
    );
  });
});

describe('no hint for commands without a mistake', () => {
  test.each([
    ['success', ['echo', 'a b', '*', '&&'], 0],
    ['an unknown command', ['no-such-command', '-x'], 127],
    ['exit status 2', ['sh', '-c', 'exit 2'], 2],
    ['exit status 127', ['exit 127'], 127],
    ['a search without a match', ['grep', '^a.*$', '/etc/hostname'], 1],
    ['an operator as an argument', ['expr', '0', '&', '1'], 1],
    ['a test', ['[', 'a', '=', 'b', ']'], 1],
    ['cd and another command', ['cd /tmp && true'], 0],
    ['a function that contains cd', ['f() { cd /; }; f'], 0],
    ['a script', ['-f', '-'], 0],
  ])('%s: no hint', async (title, words, status) => {
    const args = title === 'a script' ? words : ['--', ...words];
    const result = await remote.run(['exec', ...args], title === 'a script' ? { stdin: 'cd /tmp' } : {});
    expect(result.exitCode).toBe(status);
    expect(result.stderr).not.toContain('hint:');
  });
});
