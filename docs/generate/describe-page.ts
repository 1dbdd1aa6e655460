/** One page of the reference: a command as help shows it, for Markdown and for man. */
import type { Command, Help, Option } from 'commander';
import { readHelp } from '../../src/cli/help-format.ts';

export interface PageOption {
  /** As typed: `-f, --file <script>`. */
  flags: string;
  description: string;
}

export interface CommandPage {
  /** Empty for the program itself. */
  name: string;
  summary: string;
  usage: string;
  arguments: readonly PageOption[];
  options: readonly PageOption[];
  notes: readonly string[];
  examples: readonly string[];
  closing: readonly string[];
}

export interface ProgramPages {
  program: CommandPage;
  commands: readonly CommandPage[];
  /** The options that every command takes. */
  common: readonly PageOption[];
}

function describeOption(help: Help, option: Option): PageOption {
  return { flags: help.optionTerm(option), description: help.optionDescription(option) };
}

function describeCommand(command: Command, common: ReadonlySet<string>, name: string): CommandPage {
  const help = command.createHelp();
  const { notes = [], examples = [], closing = [] } = readHelp(command);
  return {
    name,
    summary: command.description(),
    usage: `remotify ${name === '' ? '' : `${name} `}${command.usage()}`,
    arguments: help.visibleArguments(command).map((argument) => ({
      flags: help.argumentTerm(argument),
      description: help.argumentDescription(argument),
    })),
    options: help
      .visibleOptions(command)
      .map((option) => describeOption(help, option))
      .filter(({ flags }) => !common.has(flags)),
    notes,
    examples,
    closing,
  };
}

/** From commander's own tree: nothing is written here a second time. */
export function describePages(program: Command): ProgramPages {
  const help = program.createHelp();
  const [first] = program.commands;
  if (!first) throw new Error('the program has no commands');
  const inFirst = new Set(help.visibleOptions(first).map((option) => help.optionTerm(option)));
  const common = help
    .visibleOptions(program)
    .map((option) => describeOption(help, option))
    .filter(({ flags }) => inFirst.has(flags));
  const names = new Set(common.map(({ flags }) => flags));
  return {
    program: describeCommand(program, names, ''),
    commands: program.commands.map((command) => describeCommand(command, names, command.name())),
    common,
  };
}
