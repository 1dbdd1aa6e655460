/** From words to an exit code. Never throws. */
import { setImmediate } from 'node:timers/promises';
import { type Command, CommanderError } from 'commander';
import type { CommandModule } from './command-module.ts';
import { commandTable } from './command-table.ts';
import type { Surroundings } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { explain } from './explain.ts';
import { Failure } from './failure.ts';
import { quote } from '../config/parse-values.ts';
import { addCommonOptions, mergeOptions } from './options.ts';
import { createProgram } from './program.ts';
import { type Io, write } from '../terminal/io.ts';
import { Printer } from '../terminal/printer.ts';

/** Options before the command's name that take a value. */
const valued = new Set(['--url', '-s', '--session', '--config-dir']);

/** The first word that is no option: the command that is meant. Commander decides; this only says which code to load. */
function findCommandName(argv: readonly string[]): string | undefined {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-')) return word === 'help' ? argv[at + 1] : word;
    if (valued.has(word)) at++;
  }
  return undefined;
}

interface Call {
  module: CommandModule;
  command: Command;
}

/** All names for help and suggestions, and the whole of the one that is called. */
async function buildProgram(
  argv: readonly string[],
  version: string,
  onCall: (call: Call) => void,
): Promise<Command> {
  const program = createProgram(version);
  const wanted = findCommandName(argv);
  for (const [name, { summary, load }] of Object.entries(commandTable)) {
    const command = program.command(name).summary(summary).description(summary);
    if (name !== wanted) continue;
    const module: CommandModule = await load();
    addCommonOptions(command);
    module.describe(command);
    command.action(() => onCall({ module, command }));
  }
  return program;
}

/** Every command with all of its options: what completions are held to. */
export async function buildWholeProgram(version: string): Promise<Command> {
  const program = createProgram(version);
  for (const [name, { summary, load }] of Object.entries(commandTable)) {
    const command = program.command(name).summary(summary).description(summary);
    addCommonOptions(command);
    (await load()).describe(command);
  }
  return program;
}

/** Commander's own words, in our voice. */
function explainUsage(error: CommanderError, name: string | undefined): Failure {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /\((Did you mean .*)\)/.exec(rest.join(' '))?.[1];
  const words = suggestion?.replace('Did you mean', 'did you mean');
  const hint =
    words ??
    (error.code === 'remotify.value'
      ? rest.join(' ')
      : `see \`remotify ${name === undefined || !Object.hasOwn(commandTable, name) ? '' : `${name} `}--help\``);
  return new Failure(first, hint, exitCodes.usage);
}

async function parse(argv: readonly string[], surroundings: Surroundings): Promise<Call | undefined> {
  const { io, version } = surroundings;
  let call: Call | undefined;
  const program = await buildProgram(argv, version, (found) => {
    call = found;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void write(io.stdout, text),
      // Errors are said once, by us; the rest of what goes there is help.
      writeErr: (text) => void write(io.stderr, text),
      outputError: () => undefined,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  }
  const wanted = findCommandName(argv);
  const asksForHelp = argv.includes('help') || argv.includes('--help') || argv.includes('-h');
  if (asksForHelp && wanted !== undefined && wanted !== 'help' && !Object.hasOwn(commandTable, wanted)) {
    throw new Failure(
      `unknown command ${quote(wanted)}`,
      'see `remotify --help` for those that there are',
      exitCodes.usage,
    );
  }
  if (argv.length === 0) {
    await write(io.stdout, program.helpInformation());
    return undefined;
  }
  await program.parseAsync(argv, { from: 'user' });
  return call;
}

/** What did not arrive is not passed over. A reader that went away is no error of ours, and exec deals with it itself. */
function checkWritten({ stdoutError }: Io): void {
  const error = stdoutError();
  if (!error || error.code === 'EPIPE') return;
  throw new Failure(`cannot write to stdout (${error.code ?? error.name})`, 'is there room where it goes?');
}

async function runCall({ module, command }: Call, surroundings: Surroundings): Promise<number> {
  // Help and mistakes need none of this.
  const { Context } = await import('./context.ts');
  const context = new Context(surroundings, mergeOptions(command));
  try {
    const exitCode = await module.run(context, command);
    // Errors of the last write are told a moment later.
    await setImmediate();
    checkWritten(surroundings.io);
    return exitCode;
  } catch (error) {
    throw context.explain(error);
  } finally {
    await context.close();
  }
}

/** `--no-color` and `--quiet` are not parsed yet, or could not be. */
function openFallbackPrinter(argv: readonly string[], { io, environment }: Surroundings): Printer {
  return new Printer(io, { quiet: false, noColor: argv.includes('--no-color'), variables: environment });
}

export async function main(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    const call = await parse(argv, surroundings);
    return call ? await runCall(call, surroundings) : exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    const failure =
      error instanceof CommanderError ? explainUsage(error, findCommandName(argv)) : explain(error);
    if (failure.message !== '')
      await openFallbackPrinter(argv, surroundings).error(failure.message, failure.hint);
    return failure.exitCode;
  }
}
