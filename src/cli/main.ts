/** Parses the command line, runs the command, returns the exit status. Never throws. */
import { setImmediate } from 'node:timers/promises';
import { type Command, CommanderError } from 'commander';
import { type Io, write } from '../terminal/io.ts';
import { Printer } from '../terminal/printer.ts';
import { buildProgram, type Call, findCommandName } from './build-program.ts';
import { commandTable } from './command-table.ts';
import type { Surroundings } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure, findExitCode } from './failure.ts';
import { chooseHelpWidth } from './help-format.ts';
import { mergeOptions } from './options.ts';
import { wantsJson } from './wants-json.ts';
import { quote } from '../text/quote.ts';

function configureOutput(program: Command, { io, environment }: Surroundings): void {
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void write(io.stdout, text),
      // Only help goes here: `finish` prints the errors, once.
      writeErr: (text) => void write(io.stderr, text),
      outputError: () => undefined,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => chooseHelpWidth(io.stdout, environment),
      getErrHelpWidth: () => chooseHelpWidth(io.stderr, environment),
    });
  }
}

async function parse(program: Command, argv: readonly string[]): Promise<void> {
  const wanted = findCommandName(argv);
  const asksForHelp = argv.includes('help') || argv.includes('--help') || argv.includes('-h');
  if (asksForHelp && wanted !== undefined && wanted !== 'help' && !Object.hasOwn(commandTable, wanted)) {
    throw new Failure(
      `unknown command ${quote(wanted)}`,
      'run `remotify --help` to list commands',
      exitCodes.usage,
    );
  }
  if (wanted === undefined && !asksForHelp && argv.every((word) => word === '--json')) {
    program.outputHelp();
    return;
  }
  await program.parseAsync(argv, { from: 'user' });
}

/** Throws a Failure if stdout could not be written. EPIPE, a reader that left, is not one: exec handles it itself. */
async function checkWritten({ stdoutError }: Io): Promise<void> {
  const error = stdoutError();
  if (!error || error.code === 'EPIPE') return;
  const { describeFileError } = await import('../config/describe-file-error.ts');
  throw new Failure(
    `cannot write to stdout: ${describeFileError(error)}`,
    'check free space on the output device',
    exitCodes.trouble,
    'file',
  );
}

/** The layout of `--json`: `serve` prints one object per line. Undefined without `--json`. */
type Json = { indent: number } | undefined;

const chooseLayout = (command: string | undefined): Json => ({ indent: command === 'serve' ? 0 : 2 });

/** Reports an error: a message on stderr, and with `--json` one object on stdout. Resolves with the exit status. */
async function finish(printer: Printer, io: Io, error: unknown, json: Json): Promise<number> {
  const { explain } = await import('./explain.ts');
  const failure = explain(error);
  if (failure.message !== '' && !failure.isShown) await printer.error(failure.message, failure.hint);
  if (json !== undefined && !io.stdoutError()) await printer.endJson(failure, json.indent);
  return failure.exitCode;
}

/** Ends the JSON of a run that threw no error; only the exit status shows that a signal ended it. */
async function finishQuietly(printer: Printer, exitCode: number): Promise<number> {
  const code = findExitCode(exitCode);
  await printer.endJson(code && { code, message: 'interrupted by a signal', hint: undefined });
  return exitCode;
}

async function runCall({ module, command }: Call, surroundings: Surroundings): Promise<number> {
  const { io } = surroundings;
  const options = mergeOptions(command);
  // Imported here: help and usage errors do not need it.
  const { Context } = await import('./context.ts');
  const context = new Context(surroundings, options);
  const { printer, json } = context;
  try {
    const exitCode = await module.run(context, command);
    if (json) await finishQuietly(printer, exitCode);
    // Node reports an error of the last write a moment later.
    await setImmediate();
    await checkWritten(io);
    return exitCode;
  } catch (error) {
    return await finish(printer, io, context.explain(error), json ? chooseLayout(command.name()) : undefined);
  } finally {
    await context.close();
  }
}

/** For errors before `--no-color` and `--quiet` are parsed. */
function openFallbackPrinter(argv: readonly string[], { io, environment }: Surroundings): Printer {
  return new Printer(io, { quiet: false, noColor: argv.includes('--no-color'), variables: environment });
}

export async function main(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const wanted = findCommandName(argv);
  let json = false;
  let call: Call | undefined;
  try {
    const program = await buildProgram(argv, surroundings.version, (found) => {
      call = found;
    });
    const command = program.commands.find((each) => each.name() === wanted);
    json = wantsJson(argv, program, command, wanted === 'exec');
    configureOutput(program, surroundings);
    await parse(program, argv);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    const failure =
      error instanceof CommanderError
        ? (await import('./explain-usage.ts')).explainUsage(error, wanted)
        : error;
    const printer = openFallbackPrinter(argv, surroundings);
    return await finish(printer, surroundings.io, failure, json ? chooseLayout(wanted) : undefined);
  }
  return call ? await runCall(call, surroundings) : exitCodes.ok;
}
