/** `remotify new` */
import type { Command } from 'commander';
import { parseDuration } from '../../config/parse-values.ts';
import { addAutoMode, type SessionPayload } from '../../protocol/session-payload.ts';
import { escapeText } from '../../terminal/escape.ts';
import { startSpinner } from '../../terminal/spinner.ts';
import { awaitListener, describeListener } from '../await-listener.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions, Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { formatSeconds } from '../format.ts';
import { onInterrupt } from '../interrupts.ts';
import { type MadeSession, makeSession } from '../make-session.ts';
import { mergeOptions, parseWith } from '../options.ts';

interface NewOptions extends CommonOptions {
  name?: string;
  auto?: boolean;
  pin?: boolean;
  wait?: number | true;
}

/** As long as `exec` waits for a listener. */
const defaultWaitSeconds = 600;

export function describe(command: Command): void {
  command
    .option('--name <name>', 'name to store it under (default: session-1, session-2, …)')
    .option('--auto', 'the line for a listener that runs every command unasked')
    .option('--pin', 'a line that runs the script of this client and no other, whatever the relay hands out')
    .option(
      '--wait [duration]',
      'wait until the listener connects (default 10m; on a terminal always)',
      parseWith(parseDuration),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ remotify new
  $ remotify new --name prod --url https://relay.example
  $ remotify new --pin --url https://relay.of.others.example
  $ remotify new --auto --wait 5m > line.txt`,
    );
}

async function waitFor(
  context: Context,
  { name, stored }: MadeSession,
  seconds: number,
  stop: AbortController,
): Promise<number> {
  const { printer, io } = context;
  const { client } = await context.openSession({ name, ...stored });
  const timer = setTimeout(() => stop.abort('time'), seconds * 1000);
  const spinner = await startSpinner(
    io.stderr,
    'waiting for the listener (Ctrl-C leaves the session as it is)',
    {
      term: context.term,
      quiet: printer.options.quiet || context.json,
    },
  );
  try {
    const { listener } = await awaitListener(client, { signal: stop.signal });
    spinner.stop();
    await printer.note(`connected: ${describeListener(listener)}`);
    return exitCodes.ok;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    spinner.stop();
    if (stop.signal.reason === 'interrupt') return exitCodes.interrupted;
    throw new Failure(
      `no listener connected within ${formatSeconds(seconds)}`,
      'the session lives on: paste its line when you can',
    );
  } finally {
    spinner.stop();
    clearTimeout(timer);
  }
}

async function printLine(
  { printer, io, json }: Context,
  { payload, name, stored }: MadeSession,
  line: string,
  mode: 'auto' | 'supervised',
): Promise<void> {
  if (json) {
    await printer.printJson({ ...payload, remote_quickstart: line, name });
  } else {
    const asks = mode === 'auto' ? 'it will run every command unasked' : 'it will ask before each command';
    await printer.note(`session ${name} is made on ${stored.url}; paste this line on the remote (${asks}):`);
    // Into a pipe as it is; on a screen nothing in it acts.
    await printer.print(io.stdout.isTTY === true ? escapeText(line) : line);
  }
}

export const run: Run = async (context, command) => {
  const options = mergeOptions<NewOptions>(command);
  const { printer, io } = context;
  const mode = options.auto === true ? 'auto' : 'supervised';
  const pin = async (payload: SessionPayload) =>
    (await import('../pin-line.ts')).pinLine(context, payload, mode);
  const made = await makeSession(context, options.name, options.pin === true ? pin : undefined);
  const { payload, stored } = made;
  const plain = mode === 'auto' ? addAutoMode(payload.remote_quickstart) : payload.remote_quickstart;
  const line = options.pin === true ? stored.quickstart : plain;
  const looksOn =
    io.stdout.isTTY === true && io.stderr.isTTY === true && !context.json && !printer.options.quiet;
  if (options.wait === undefined && !looksOn) {
    await printLine(context, made, line, mode);
    return exitCodes.ok;
  }
  // From the moment in which the line can be seen, an interrupt means the waiting and not the session.
  const stop = new AbortController();
  const letGo = onInterrupt(() => stop.abort('interrupt'));
  try {
    await printLine(context, made, line, mode);
    const seconds = typeof options.wait === 'number' ? options.wait : defaultWaitSeconds;
    return await waitFor(context, made, seconds, stop);
  } finally {
    letGo();
  }
};
