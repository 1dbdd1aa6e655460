import { spawnSync } from 'node:child_process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { makeClient } from '../harness/client.ts';
import { startSupervised } from '../harness/remote.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { hasTmux } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { question } from '../harness/prompts.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

// The environment of a command: variables, stdin, descriptors, signals, error messages.

const relay = useRelay();
const remote = useRemote(relay);

type RunCommand = (...args: string[]) => Promise<{ exitCode: number | null; text: string; stderr: string }>;

/** Runs commands in auto mode. */
function setUpAuto(): Promise<RunCommand> {
  return Promise.resolve((...args) => remote.run(['exec', ...args]));
}

/** Runs commands in supervised mode and answers y to each question. */
async function setUpSupervised(): Promise<RunCommand> {
  const { start, terminal, stop } = await startSupervised(relay);
  onTestFinished(stop);
  return async (...args) => {
    const exec = start(['exec', ...args]);
    await terminal.waitForText(question, 15_000);
    await terminal.type('y\n');
    const { code } = await withDeadline(exec.closed, 15_000, 'exec ends');
    const stderr = exec.stderr().replaceAll(/^remotify: waiting .*\n/gm, '');
    return { exitCode: code, text: exec.stdout().toString(), stderr };
  };
}

const block = `DEBIAN_FRONTEND=noninteractive
CI=true
TERM=dumb
PAGER=cat
SYSTEMD_PAGER=cat
GIT_TERMINAL_PROMPT=0
`;

describe.each([
  ['auto', setUpAuto, false],
  ['supervised', setUpSupervised, !hasTmux],
] as const)('%s', (_mode, setUp, isSkipped) => {
  test.skipIf(isSkipped)('a command has the variables of a non-interactive environment', async () => {
    const exec = await setUp();
    const names = 'DEBIAN_FRONTEND CI TERM PAGER SYSTEMD_PAGER GIT_TERMINAL_PROMPT';
    expect(await exec(`for n in ${names}; do echo "$n=\${!n}"; done`)).toMatchObject({
      exitCode: 0,
      text: block,
    });
  });

  test.skipIf(isSkipped)(
    'a command and its child processes see no variable or function of the runner',
    async () => {
      const exec = await setUp();
      const result = await exec('env; set -o posix; set; echo "[$*]"; compgen -A function; sh -c env');
      expect(result.exitCode).toBe(0);
      expect(result.text).toContain('TERM=dumb');
      expect(result.text).not.toMatch(
        /^REMOTIFY(?!_COMMAND=[\w-]+\.c\d+$)|^remotify|listener_key|[0-9a-f]{32}/m,
      );
      expect(result.text).toMatch(/^\[\]$/m);
    },
  );

  test.skipIf(isSkipped)('a command without -i: its stdin is empty', async () => {
    const exec = await setUp();
    expect(await exec('wc -c; read -r line; echo "$?[$line]"; readlink /proc/self/fd/0')).toMatchObject({
      exitCode: 0,
      text: '0\n1[]\n/dev/null\n',
    });
  });

  test.skipIf(isSkipped)('a command has no open descriptor of the runner', async () => {
    const exec = await setUp();
    const { text } = await exec('for fd in /proc/$$/fd/*; do echo "${fd##*/} $(readlink "$fd")"; done');
    const open = text.split('\n').filter((line) => !/^(0|1|2|255) /.test(line) && line !== '');
    // The pipe is bash's own, open while it lists the descriptors.
    expect(open.filter((line) => !/ (pipe:.*)?$/.test(line))).toEqual([]);
  });

  test.skipIf(isSkipped)('a command has the default signal dispositions', async () => {
    const exec = await setUp();
    const { text } = await exec('grep -E "^Sig(Ign|Blk)" /proc/self/status; umask');
    // Mask 300000 is TTIN and TTOU: tmux and all its child processes ignore them.
    expect(text).toMatch(/^SigBlk:\t0+\nSigIgn:\t0+(300000)?\n/);
  });

  test.skipIf(isSkipped)('a command can change its folder, variables, aliases and traps', async () => {
    const exec = await setUp();
    const first = await exec('cd /; pwd; X=1; export X; alias a=b; trap "echo bye" EXIT');
    expect(first).toMatchObject({ exitCode: 0, text: '/\nbye\n' });
  });
});

test.each([
  ['a command that does not exist', 'no_such_command'],
  ['one on a later line', 'true\n\nno_such_command'],
  ['one in a function', 'f() { no_such_command; }; f'],
  ['a builtin that fails', 'cd /nonexistent'],
  ['a variable that is not set', 'set -u; echo "$no_such_variable"'],
  ['a program that cannot be run', '/etc/passwd'],
])(
  'shell error, %s: same message as from `bash -c`, without a path of the listener',
  async (_title, text) => {
    const exec = await setUpAuto();
    const typed = spawnSync('bash', ['-c', text], { encoding: 'utf8' });
    const result = await exec(text);
    expect(result).toMatchObject({ exitCode: typed.status, stderr: typed.stderr });
  },
);

test.each(['if', 'echo )', 'echo "', 'cat <<EOF\nx'])(
  'syntax error, %j: no path of the listener in the message',
  async (text) => {
    const exec = await setUpAuto();
    const { stderr } = await exec(text);
    expect(stderr).toMatch(/^(bash: [^/]*\n)+$/);
    expect(stderr).not.toContain('remotify');
  },
);

test('$0, $#, $- and $LINENO have the same values as in `bash -c`', async () => {
  const exec = await setUpAuto();
  const text = 'echo "$0 $# $- $LINENO"\necho "$LINENO ${BASH_EXECUTION_STRING:-none} ${BASH_SOURCE:-none}"';
  expect((await exec(text)).text).toBe('bash 0 hBc 1\n2 none none\n');
});

test('a command changes its folder, umask, variables and descriptors: the next command does not see it', async () => {
  const exec = await setUpAuto();
  const before = await exec('pwd; umask');
  await exec('cd /; umask 000; export X=changed; set -u; exec 7</dev/null');
  expect(await exec('pwd; umask')).toMatchObject({ text: before.text });
  expect(await exec('echo "[$X]"')).toMatchObject({ exitCode: 0, text: '[]\n' });
});

test('a listener started by hand with exported REMOTIFY_ values: commands do not see them', async () => {
  const client = await forTest(makeClient(relay));
  const made = await client.runJson<SessionPayload>('new');
  const script = (await curl([made.urls.runner])).text.replaceAll(/^REMOTIFY_\w+='.*'\n/gm, '');
  expect(script).not.toContain(made.listener_key);
  await forTest(
    startListener('exec bash -c "$SCRIPT"', {
      SCRIPT: script,
      REMOTIFY_URL: relay.url,
      REMOTIFY_LISTENER_KEY: made.listener_key,
      REMOTIFY_MODE: 'auto',
    }),
  );
  const result = await client.run([
    'exec',
    'unset SCRIPT; unset REMOTIFY_COMMAND; env | grep REMOTIFY || echo none',
  ]);
  expect(result).toMatchObject({ exitCode: 0, text: 'none\n' });
});
