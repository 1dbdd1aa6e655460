/** Runs real shells and returns the completions that they offer. */
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

export const completionsFolder = fileURLToPath(new URL('../../completions/', import.meta.url));

export interface Surroundings {
  /** The first folder on PATH, with `remotify`. */
  binFolder: string;
  /** The working directory of the shell. */
  workFolder: string;
  env?: Record<string, string>;
}

export interface Shell {
  name: string;
  isInstalled: boolean;
  /** The completions for the last of the words, sorted and without duplicates. */
  complete: (words: readonly string[], surroundings: Surroundings) => Promise<string[]>;
}

const own = (name: string) => fileURLToPath(new URL(name, import.meta.url));

function hasProgram(name: string): boolean {
  return spawnSync(name, ['-c', ':']).status === 0;
}

async function ask(
  [program = '', ...args]: readonly string[],
  { binFolder, workFolder, env }: Surroundings,
): Promise<string[]> {
  const home = await makeTemporaryFolder();
  await mkdir(join(home.path, 'config'));
  const variables = cleanEnvironment(home.path, env);
  // `env -C` sets the working directory, because spawnCaptured cannot.
  const shell = spawnCaptured('env', ['-C', workFolder, program, ...args], {
    env: { ...variables, TERM: 'dumb', PATH: binFolder + delimiter + variables['PATH'] },
  });
  try {
    const { code } = await withDeadline(shell.closed, 20_000, `${program} completes ${args.join(' ')}`);
    if (code !== 0 || shell.stderr() !== '')
      throw new Error(`${program} ended with ${code}: ${shell.stderr()}`);
  } finally {
    if (shell.isRunning()) shell.child.kill('SIGKILL');
    await home.remove();
  }
  const lines = shell.stdout().toString('utf8').split('\n').filter(Boolean);
  return [...new Set(lines)].toSorted();
}

/** Splits the words like bash, at = and : too. */
function breakWords(words: readonly string[]): string[] {
  return words.flatMap((word) => (word === '' ? [''] : (word.match(/[=:]+|[^=:]+/g) ?? [])));
}

const bash: Shell = {
  name: 'bash',
  isInstalled: hasProgram('bash'),
  complete: (words, surroundings) => {
    const program = ['bash', '--norc', '--noprofile', own('capture.bash')];
    const file = join(completionsFolder, 'remotify.bash');
    return ask([...program, file, words.join(' '), ...breakWords(words)], surroundings);
  },
};

const zsh: Shell = {
  name: 'zsh',
  isInstalled: hasProgram('zsh'),
  complete: (words, surroundings) =>
    ask(['zsh', '-f', own('capture.zsh'), completionsFolder, words.join(' ')], {
      ...surroundings,
      env: { ...surroundings.env, CAPTURE_DUMP: join(surroundings.binFolder, '..', 'zcompdump') },
    }),
};

const fish: Shell = {
  name: 'fish',
  isInstalled: hasProgram('fish'),
  complete: async (words, surroundings) => {
    const script = 'source $argv[1]; source $argv[1]; complete -C $argv[2]';
    const file = join(completionsFolder, 'remotify.fish');
    const lines = await ask(['fish', '--no-config', '-c', script, file, words.join(' ')], surroundings);
    return lines.map((line) => line.split('\t')[0] ?? '');
  },
};

export const shells: readonly Shell[] = [bash, zsh, fish];
