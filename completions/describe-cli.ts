/** Describes the command line for the completions: reads commands, options and arguments from commander. */
import type { Command, Option } from 'commander';
import { KnownValues, type Value } from './known-values.ts';

export interface Flag {
  /** As typed, the short name first. */
  names: readonly string[];
  description: string;
  repeatable: boolean;
  /** Undefined if the flag takes no value. */
  value: { placeholder: string; optional: boolean; value: Value } | undefined;
}

export interface Argument {
  name: string;
  variadic: boolean;
  value: Value;
}

export interface CliCommand {
  /** Empty for the program itself, whose one argument is the name of a command. */
  name: string;
  summary: string;
  flags: readonly Flag[];
  arguments: readonly Argument[];
}

function describeFlag(command: string, option: Option, known: KnownValues): Flag {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const takesValue = option.required || option.optional;
  const placeholder = /[<[](.*)[>\]]$/.exec(option.flags)?.[1] ?? 'value';
  const value = known.find(`${command} ${names.at(-1)}`, placeholder, option.argChoices);
  return {
    names,
    description: option.description,
    repeatable: option.variadic || option.description.includes('(repeatable'),
    // Commander marks `<name[=value]>` as both required and optional; its value is required.
    value: takesValue ? { placeholder, optional: !option.required, value } : undefined,
  };
}

function describeCommand(program: Command, command: Command, known: KnownValues): CliCommand {
  const help = program.createHelp();
  const isProgram = command === program;
  const name = isProgram ? '' : command.name();
  if (!isProgram && command.commands.length > 0) throw new Error(`${name} has subcommands: not supported`);
  const commandNames = help.visibleCommands(program).map((each) => each.name());
  const isHelp = !program.commands.includes(command) && name === 'help';
  const args = command.registeredArguments.map((argument) => ({
    name: argument.name(),
    variadic: argument.variadic,
    value: known.find(
      `${name} ${argument.name()}`,
      argument.name(),
      isHelp ? commandNames : argument.argChoices,
    ),
  }));
  const choice: Argument = {
    name: 'command',
    variadic: false,
    value: { kind: 'words', words: commandNames },
  };
  return {
    name,
    summary: command.summary() || command.description(),
    flags: help.visibleOptions(command).map((option) => describeFlag(name, option, known)),
    arguments: isProgram ? [choice] : args,
  };
}

/** The program itself, then its commands, `help` among them. */
export function describeCli(program: Command): readonly [CliCommand, ...CliCommand[]] {
  const known = new KnownValues();
  const commands = program.createHelp().visibleCommands(program);
  const described = commands.map((command) => describeCommand(program, command, known));
  const first = describeCommand(program, program, known);
  known.checkAllUsed();
  return [first, ...described];
}
