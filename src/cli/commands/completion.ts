/** `remotify completion`: prints the completion file of a shell. */
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Run } from '../command-module.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';
import { quote } from '../../text/quote.ts';

const files: Record<string, string> = { bash: 'remotify.bash', zsh: '_remotify', fish: 'remotify.fish' };

export function describe(command: Command): void {
  command.argument('<shell>', Object.keys(files).join(', '));
  addHelp(command, {
    examples: [
      'source <(remotify completion bash)',
      'remotify completion zsh > "${fpath[1]}/_remotify"',
      'mkdir -p ~/.config/fish/completions && remotify completion fish > ~/.config/fish/completions/remotify.fish',
    ],
  });
}

/** The package's own folder completions/: beside dist/, or above src/ when the source itself runs. */
function findFolder(): string {
  let folder = import.meta.dirname;
  while (folder !== dirname(folder)) {
    try {
      readFileSync(join(folder, 'completions', 'remotify.bash'));
      return join(folder, 'completions');
    } catch {
      folder = dirname(folder);
    }
  }
  throw new Failure(
    'the completion files are missing from this package',
    'install remotify again',
    exitCodes.trouble,
    'file',
  );
}

export const run: Run = async (context, command) => {
  const shell = command.args[0] ?? '';
  const file = Object.hasOwn(files, shell) ? files[shell] : undefined;
  if (file === undefined) {
    throw new Failure(
      `no completions for ${quote(shell)}`,
      `supported shells: ${Object.keys(files).join(', ')}`,
      exitCodes.usage,
    );
  }
  await context.printer.print(readFileSync(join(findFolder(), file), 'utf8'));
  return exitCodes.ok;
};
