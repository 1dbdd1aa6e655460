import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Remote, startRemote } from '../harness/remote.ts';

// Hints for what is often typed wrong: one line on stderr behind the remote's own words. Output and status stay as they are.

let relay: Relay;
let remote: Remote;

beforeAll(async () => {
  relay = await startRelay();
  remote = await startRemote(relay);
});

afterAll(async () => {
  await remote?.stop();
  await relay?.stop();
});

/** The hint in what a run wrote to stderr. */
function findHint(stderr: string): string | undefined {
  return /^remotify: hint: (.*)$/m.exec(stderr)?.[1];
}

describe('one argument is shell text, several are quoted', () => {
  test.each([
    ['words in the first one', ['ls -la', '/tmp'], 127, "'ls -la /tmp'"],
    ['a path in the first one', ['/bin/ls -la', 'a b'], 127, `'/bin/ls -la '\\''a b'\\'''`],
    ['a pipe in the first one', ['cat|wc', '-l'], 127, "'cat|wc -l'"],
    ['a substitution in the first one', ['$(which ls)', '/'], 127, "'$(which ls) /'"],
    ['an operator of its own', ['ls', '/', '&&', 'pwd'], 2, "'ls / && pwd'"],
    [
      'a redirection of its own',
      ['cat', '/etc/hostname', '>', '/dev/null'],
      1,
      "'cat /etc/hostname > /dev/null'",
    ],
    ['a pattern', ['ls', '/etc/host*'], 2, "'ls /etc/host*'"],
    ['a home folder', ['cat', '~/x'], 1, "'cat ~/x'"],
    ['a variable', ['ls', '$HOME'], 2, "'ls $HOME'"],
  ] as const)('%s', async (_title, words, status, text) => {
    const result = await remote.run(['exec', '--', ...words]);
    expect(result.exitCode).toBe(status);
    expect(findHint(result.stderr)).toMatch(/^one argument is shell text, several are quoted/);
    expect(findHint(result.stderr)).toContain(`: remotify exec ${text}`);
    const json = await remote.run(['exec', '--json', '--', ...words]);
    expect(JSON.parse(json.text)).toMatchObject({ state: 'finished', exit_status: status });
  });
});

describe('other mistakes', () => {
  test.each([
    ['a variable before the command', ['A=x y', 'env'], 127, /--env 'A=x y'$/],
    ['options behind the --', ['--timeout', '5s', 'ls'], 127, /options of remotify go before the `--`/],
    ['a text that is quoted twice', [`'ls -la'`], 127, /quoted twice: remotify exec 'ls -la'$/],
    [
      'a session in front',
      ['session-1', 'uptime'],
      127,
      /session-1 is a session: choose it with -s session-1$/,
    ],
    ['a host in front', ['root@host', 'uptime'], 127, /exec takes no host: a session is chosen with -s/],
    ['an alias', ['ll'], 127, /aliases and functions of an interactive shell are not loaded/],
    ['a carriage return at the end', ['ls\r'], 127, /carriage returns/],
    ['cd alone', ['cd', '/tmp'], 0, /use --cwd \/tmp, or one argument: 'cd \/tmp && COMMAND'$/],
    ['cd alone, as shell text', ['cd /tmp'], 0, /use --cwd \/tmp/],
    ['export alone', ['export A=1'], 0, /export has no effect on the next one/],
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
  ] as const)('%s', async (_title, words, status, hint) => {
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

describe('no hint where nothing is wrong', () => {
  test.each([
    ['success', ['echo', 'a b', '*', '&&'], 0],
    ['a command that is not there', ['no-such-command', '-x'], 127],
    ['a status of its own', ['sh', '-c', 'exit 2'], 2],
    ['127 of its own', ['exit 127'], 127],
    ['a search without a match', ['grep', '^a.*$', '/etc/hostname'], 1],
    ['an operator as an argument', ['expr', '0', '&', '1'], 1],
    ['a test', ['[', 'a', '=', 'b', ']'], 1],
    ['cd with more behind it', ['cd /tmp && true'], 0],
    ['a function with cd in it', ['f() { cd /; }; f'], 0],
    ['a script', ['-f', '-'], 0],
  ])('%s', async (title, words, status) => {
    const args = title === 'a script' ? words : ['--', ...words];
    const result = await remote.run(['exec', ...args], title === 'a script' ? { stdin: 'cd /tmp' } : {});
    expect(result.exitCode).toBe(status);
    expect(result.stderr).not.toContain('hint:');
  });
});
