/** `remotify new`: creates a session and prints the line to paste. */
import { type Command, CommanderError } from 'commander';
import { parseDuration } from '../../config/parse-values.ts';
import type { LineMode } from '../../config/settings.ts';
import type { SessionPayload } from '../../protocol/session-payload.ts';
import type { OutputStream } from '../../terminal/io.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions, Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';
import { exitCodeOf, isInterrupt, onInterrupt } from '../interrupts.ts';
import { type MadeSession, makeSession } from '../make-session.ts';
import { mergeOptions, parseWith } from '../options.ts';
import { waitForListener } from '../wait-for-listener.ts';
import { escapeText } from '../../text/escape.ts';

interface NewOptions extends CommonOptions {
  name?: string;
  auto?: boolean;
  pin?: boolean;
  copy?: boolean;
  /** False: `--no-wait`. */
  wait?: number | boolean;
}

/** As long as `exec` waits for a listener. */
const defaultWaitSeconds = 600;

/** Rejects two flags that contradict each other: commander would silently take the last. */
function refuseBoth(command: Command, names: readonly [string, string]): void {
  const seen = new Set<string>();
  for (const name of names) {
    command.on(`option:${name}`, () => {
      if (seen.add(name).size < names.length) return;
      const message = `--${names[0]} and --${names[1]} cannot be used together`;
      throw new CommanderError(exitCodes.usage, 'remotify.value', `${message}\nleave one of them out`);
    });
  }
}

export function describe(command: Command): void {
  command
    .option('--name <name>', 'name to store it under (default: session-1, session-2, …)')
    .option('--auto', 'print the line for a listener that runs commands without asking')
    .option('--pin', 'print a line that runs only the script of this client, not another one from the relay')
    .option('--copy', "send the line to the terminal's clipboard as well (OSC 52)")
    .option(
      '--wait [duration]',
      'wait until the listener connects (default 10m; on a terminal always)',
      parseWith(parseDuration),
    )
    .option('--no-wait', 'print the line and exit, also on a terminal');
  refuseBoth(command, ['wait', 'no-wait']);
  addHelp(command, {
    examples: [
      'remotify new',
      'remotify new --name prod --url https://relay.example',
      'remotify new --pin --url https://relay.example',
      'remotify new --copy --no-wait',
      'remotify new --auto --wait 5m > line.txt',
    ],
  });
}

async function printLine({ printer, io, json }: Context, made: MadeSession, mode: LineMode): Promise<void> {
  const { payload, name, stored } = made;
  const line = stored.quickstart;
  if (json) {
    await printer.printJson({ ...payload, remote_quickstart: line, name });
    return;
  }
  const asks = mode === 'auto' ? 'runs commands without asking' : 'asks before each command';
  await printer.note(`created session ${name} on ${stored.url}. Paste this on the remote (${asks}):`);
  // A pipe gets the line unchanged; on a terminal its control characters are escaped.
  await printer.print(io.stdout.isTTY === true ? escapeText(line) : line);
}

/** Called before the session is created, so that a failure leaves none. */
async function requireTerminal({ io, environment }: Context): Promise<OutputStream> {
  const { findTerminal } = await import('../../terminal/copy-to-clipboard.ts');
  const terminal = findTerminal(io, environment);
  if (terminal) return terminal;
  throw new Failure(
    '--copy needs a terminal: neither stdout nor stderr is one',
    'leave --copy out',
    exitCodes.usage,
  );
}

async function copyLine(
  { printer, environment }: Context,
  terminal: OutputStream,
  line: string,
): Promise<void> {
  const { copyToClipboard, findMultiplexer } = await import('../../terminal/copy-to-clipboard.ts');
  const multiplexer = findMultiplexer(environment);
  await copyToClipboard(terminal, line, multiplexer);
  const needs =
    multiplexer === 'tmux' ? '; tmux needs `set -s set-clipboard on` or `set -g allow-passthrough on`' : '';
  await printer.note(
    `sent the line to the terminal's clipboard (OSC 52; not every terminal supports it)${needs}`,
  );
}

export const run: Run = async (context, command) => {
  const options = mergeOptions<NewOptions>(command);
  const { printer, io } = context;
  const mode = options.auto === true ? 'auto' : 'supervised';
  const pin = async (payload: SessionPayload) =>
    (await import('../pin-line.ts')).pinLine(context, payload, mode);
  const terminal = options.copy === true ? await requireTerminal(context) : undefined;
  const renderLine = options.pin === true ? pin : undefined;
  const made = await makeSession(context, { name: options.name, mode, renderLine });
  const isWatched =
    io.stdout.isTTY === true && io.stderr.isTTY === true && !context.json && !printer.options.quiet;
  const waits = options.wait === undefined ? isWatched : options.wait !== false;
  // Once the line is printed, an interrupt stops waiting: the session stays.
  const stop = new AbortController();
  const letGo = waits ? onInterrupt((_count, _isUrgent, signal) => stop.abort(signal)) : () => undefined;
  try {
    await printLine(context, made, mode);
    if (terminal) await copyLine(context, terminal, made.stored.quickstart);
    if (!waits) return exitCodes.ok;
    const seconds = typeof options.wait === 'number' ? options.wait : defaultWaitSeconds;
    const session = await context.openSession({ name: made.name, ...made.stored });
    const end = await waitForListener(context, session, { seconds, source: '--wait' }, stop);
    return isInterrupt(end) ? exitCodeOf(end) : exitCodes.ok;
  } finally {
    letGo();
  }
};
