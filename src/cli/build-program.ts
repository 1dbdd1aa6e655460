/** Builds the commander program: the names of all commands, and the options of the command that is called. */
import type { Command } from 'commander';
import type { CommandModule } from './command-module.ts';
import { commandTable } from './command-table.ts';
import { addCommonOptions } from './options.ts';
import { createProgram } from './program.ts';

/** Options before the command's name that take a value. */
const valued = new Set(['--url', '-s', '--session', '--config-dir']);

/** The name of the command: the first word that is not an option. Commander decides; this only selects the code to load. */
export function findCommandName(argv: readonly string[]): string | undefined {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-')) return word === 'help' ? argv[at + 1] : word;
    if (valued.has(word)) at++;
  }
  return undefined;
}

export interface Call {
  module: CommandModule;
  command: Command;
}

function addCommand(program: Command, name: string, summary: string): Command {
  return program.command(name).summary(summary).description(summary);
}

/** Adds all names, for help and suggestions, but loads only the command that is called. */
export async function buildProgram(
  argv: readonly string[],
  version: string,
  onCall: (call: Call) => void,
): Promise<Command> {
  const program = createProgram(version);
  const wanted = findCommandName(argv);
  for (const [name, { summary, load }] of Object.entries(commandTable)) {
    const command = addCommand(program, name, summary);
    if (name !== wanted) continue;
    const module: CommandModule = await load();
    module.describe(command);
    addCommonOptions(command);
    command.action(() => onCall({ module, command }));
  }
  return program;
}

/** Every command with all of its options: the completion files are generated from it. */
export async function buildWholeProgram(version: string): Promise<Command> {
  const program = createProgram(version);
  for (const [name, { summary, load }] of Object.entries(commandTable)) {
    const command = addCommand(program, name, summary);
    (await load()).describe(command);
    addCommonOptions(command);
  }
  return program;
}
