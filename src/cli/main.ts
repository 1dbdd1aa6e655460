/** From words to an exit code. Never throws. */
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
      // Errors are said once, by us; the rest of what goes there is help.
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

/** Output that did not arrive is a failure. A reader that went away is none, and exec deals with it itself. */
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

/** How `--json` is printed: `serve` prints lines. Undefined without it. */
type Json = { indent: number } | undefined;

const chooseLayout = (command: string | undefined): Json => ({ indent: command === 'serve' ? 0 : 2 });

/** The end of every run: the words on stderr, and with `--json` one object on stdout. */
async function finish(printer: Printer, io: Io, error: unknown, json: Json): Promise<number> {
  const { explain } = await import('./explain.ts');
  const failure = explain(error);
  if (failure.message !== '' && !failure.isShown) await printer.error(failure.message, failure.hint);
  if (json !== undefined && !io.stdoutError()) await printer.endJson(failure, json.indent);
  return failure.exitCode;
}

/** For an exit status that says what happened where nothing else did. */
async function finishQuietly(printer: Printer, exitCode: number): Promise<number> {
  const code = findExitCode(exitCode);
  await printer.endJson(code && { code, message: 'interrupted by a signal', hint: undefined });
  return exitCode;
}

async function runCall({ module, command }: Call, surroundings: Surroundings): Promise<number> {
  const { io } = surroundings;
  const options = mergeOptions(command);
  // Help and mistakes need none of this.
  const { Context } = await import('./context.ts');
  const context = new Context(surroundings, options);
  const { printer, json } = context;
  try {
    const exitCode = await module.run(context, command);
    if (json) await finishQuietly(printer, exitCode);
    // Errors of the last write are told a moment later.
    await setImmediate();
    await checkWritten(io);
    return exitCode;
  } catch (error) {
    return await finish(printer, io, context.explain(error), json ? chooseLayout(command.name()) : undefined);
  } finally {
    await context.close();
  }
}

/** `--no-color` and `--quiet` are not parsed yet, or could not be. */
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
