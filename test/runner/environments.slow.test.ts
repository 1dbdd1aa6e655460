import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { makeClient } from '../harness/client.ts';
import { withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startListener } from '../harness/listener.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { surroundings, type Surroundings } from './environment-table.ts';
import { useRelay } from '../harness/use-relay.ts';

// A command runs in the same environment as `bash -c` in the shell where the line was pasted: the test compares the two.

const relay = useRelay();

const seedVariables = {
  DEBIAN_FRONTEND: 'noninteractive',
  CI: 'true',
  TERM: 'dumb',
  PAGER: 'cat',
  SYSTEMD_PAGER: 'cat',
  GIT_TERMINAL_PROMPT: '0',
};

/** Prints all that a command can see of its environment; calls builtins and programs in ways that functions cannot replace. */
const probe = `/usr/bin/env -0 | /usr/bin/tr '\\n\\000' ' \\n' | /usr/bin/grep -vaE '^(_|REMOTIFY_COMMAND|WHERE)=' | LC_ALL=C /usr/bin/sort
\\builtin umask
\\builtin echo "[$-] [$#] [$0]" '[a\\tb]'
\\builtin pwd
\\builtin ulimit -a
\\builtin shopt -p
\\builtin shopt -op
\\builtin declare -F
\\builtin trap -p
\\builtin alias
/usr/bin/grep -E '^Sig(Ign|Blk)|^Umask|^NoNewPrivs' /proc/self/status
/usr/bin/nice
LC_ALL=C /usr/bin/ls -l /proc/self/fd | /usr/bin/sed -n 's/.* \\([0-9]*\\) -> \\(.*\\)/\\1 \\2/p' | /usr/bin/grep -E '^([3-9]|1[0-9]) /' | /usr/bin/grep -v /proc/
/usr/bin/false || \\builtin echo failed
\\builtin echo err >&2
`;

interface Outcome {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Removes values that differ between two runs. */
const plain = (text: string): string =>
  text.replaceAll(/\bremotify-test-\w+/g, 'remotify-test').replaceAll(/^(PWD|OLDPWD)=.*\n/gm, '');

/** The trace of the line that starts the probe. */
const traceOfStart =
  /^[^]*?(?:\\builtin exec bash -c "\$PROBE"\n|\+ builtin exec bash -c '[^']*(?:'\\''[^']*)*'\n)/;

/** Sorted trace lines without their depth, because parts of a pipeline trace in parallel; without start messages of the outer shell. */
const plainErrors = (text: string): string[] => [
  ...new Set(
    text
      .split('\n')
      .filter(
        (line) =>
          !/bashdb|start debugger|setlocale|getcwd|XTRACEFD|^\++ exec$|^\/usr\/bin\/env -0/.test(line),
      )
      .map((line) => line.replace(/^\++/, '+'))
      .sort(),
  ),
];

async function runTyped(place: Surroundings, env: Record<string, string>): Promise<Outcome> {
  const { before = '', isBroken = false } = place;
  const exec = isBroken ? 'POSIXLY_CORRECT=y; exec' : String.raw`\builtin exec`;
  const typed = spawnCaptured('bash', ['-c', `${before}\n${exec} bash -c "$PROBE"`], {
    env: { ...env, ...seedVariables, PROBE: probe },
  });
  const { code } = await withDeadline(typed.closed, 20_000, 'the compared command ends');
  return {
    exitCode: code,
    stdout: typed.stdout().toString(),
    stderr: typed.stderr().replace(traceOfStart, ''),
  };
}

async function prepare(place: Surroundings, onTestFinished: TestContext['onTestFinished']) {
  const client = await makeClient(relay);
  onTestFinished(client.remove);
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const { bash = 'bash', isBroken = false, bashEnv } = place;
  let { before = '' } = place;
  if (bashEnv !== undefined) {
    const path = join(folder.path, 'bash-env');
    await writeFile(path, `${bashEnv}\n`);
    // It has no effect on the pasting shell itself.
    before = `${before}\nexport BASH_ENV='${path}'`;
  }
  const line = await client.makeSession('--auto');
  const own = isBroken ? line.replace('curl', '/usr/bin/env curl') : line;
  return {
    client,
    before,
    pasted: `${before}\n${own.replace('| bash', `| ${isBroken ? '/usr/bin/env bash' : bash}`)}`,
  };
}

/** The short form tests every sixth environment. */
const some = surroundings.filter((_place, nth) => isLong || nth % 6 === 0);

describe.concurrent('a command behaves as typed in the pasting shell', { timeout: 60_000 }, () => {
  test.for(some)('$title', async (place, { expect, onTestFinished }) => {
    const { client, before, pasted } = await prepare(place, onTestFinished);
    const listener = await startListener(pasted, { ...place.env, PROBE: probe });
    onTestFinished(listener.stop);
    const home = join(listener.temporaryFolder, '..');
    const typed = await runTyped(
      { ...place, before },
      cleanEnvironment(home, { TMPDIR: listener.temporaryFolder, ...place.env }),
    );
    for (const _turn of ['first', 'second']) {
      const { exitCode, text, stderr } = await client.run(['exec', '--', probe], { deadlineMs: 30_000 });
      expect(plain(text), listener.output()).toBe(plain(typed.stdout));
      expect({ exitCode, stderr: plainErrors(stderr) }).toEqual({
        exitCode: typed.exitCode,
        stderr: plainErrors(typed.stderr),
      });
    }
    // The outer shell may trace the pasted line, or print a warning about its locale.
    const own = listener
      .output()
      .replaceAll(/^(?:\++ )?curl .*$|^bash: .*(?:setlocale|bashdb|debugger).*$/gm, '');
    expect(own).not.toMatch(/^remotify: error|BROKEN|warning|^\S*bash: |[0-9a-f]{32}/m);
  });
});
