/** `remotify logs`: prints the output of a command; reading deletes nothing. */
import { listCommands } from '../../client/list-commands.ts';
import type { Command } from 'commander';
import { followCommand } from '../../client/follow-command.ts';
import { withRetry } from '../../client/retry.ts';
import { ConfigError } from '../../config/config-error.ts';
import { parseCount } from '../../config/parse-values.ts';
import { isEnded } from '../../protocol/command-states.ts';
import { maxReadBytes } from '../../protocol/limits.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions, OpenSession } from '../context.ts';
import { describeMissing } from '../../text/describe-missing.ts';
import type { MissingOutput } from '../../protocol/missing-output.ts';
import { missingHint } from '../exec/missing-hint.ts';
import { openSinks, type OutputSink } from '../exec/output-sink.ts';
import { describeEnd } from '../exec/describe-end.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';
import { exitCodeOf, isInterrupt, onInterrupt } from '../interrupts.ts';
import { chooseCommand, requireCommands } from '../choose-command.ts';
import { mergeOptions, parseWith } from '../options.ts';
import { quote } from '../../text/quote.ts';
import { nameState } from '../../text/name-state.ts';

interface LogsOptions extends CommonOptions {
  follow?: boolean;
  offset: number;
  stream?: string;
  raw?: boolean;
}

export function describe(command: Command): void {
  command
    .argument('[id]', 'command id (default: the newest command)')
    .option('-f, --follow', 'follow the output to its end, and exit with the status of the command')
    .option(
      '--offset <bytes>',
      'start at this offset of each stream',
      parseWith((text) => parseCount(text)),
      0,
    )
    .option('--stream <name>', 'print only stdout or only stderr', parseWith(parseStream))
    .option('--raw', 'print control bytes unescaped');
  addHelp(command, {
    examples: ['remotify logs', 'remotify logs c7 -f', 'remotify logs c7 --stream stderr'],
  });
}

function parseStream(text: string): string {
  if (text === 'stdout' || text === 'stderr') return text;
  throw new ConfigError(`no such stream: ${quote(text)}`, 'stdout or stderr');
}

/** Prints the output so far, without waiting for more. Resolves with the missing part, if any. */
async function printNow(
  { client }: OpenSession,
  id: string,
  from: { stdout: number; stderr: number },
  sinks: {
    stdout: { write(bytes: Uint8Array): Promise<void> };
    stderr: { write(bytes: Uint8Array): Promise<void> };
  },
): Promise<MissingOutput | undefined> {
  const read = { ...from };
  for (;;) {
    const part = await withRetry(() => client.readOutput(id, read), {});
    await sinks.stdout.write(part.stdout);
    await sinks.stderr.write(part.stderr);
    read.stdout += part.stdout.byteLength;
    read.stderr += part.stderr.byteLength;
    if (part.stdout.byteLength + part.stderr.byteLength < maxReadBytes) return part.missing;
  }
}

/** Retry limit of the first request: an unreachable relay is reported soon. */
const shortRetryForMs = 2_000;

const nowhere: OutputSink = { write: () => Promise.resolve(), end: () => Promise.resolve() };

export const run: Run = async (context, command) => {
  const options = mergeOptions<LogsOptions>(command);
  const { io } = context;
  if (context.json) {
    throw new Failure(
      'logs prints bytes, not JSON',
      'run `remotify status ID --json` for the state and exit status',
      exitCodes.usage,
    );
  }
  const session = await context.requireSession();
  requireCommands(session);
  const retry = {
    onRetry: (error: Error) => void context.printer.note(`${error.message}; trying again`),
    onRecovery: () => void context.printer.note('the relay answers again'),
  };
  const commands = await withRetry(() => listCommands(session.client), {
    ...retry,
    retryForMs: shortRetryForMs,
  });
  const { id, state, started_at: startedAt } = chooseCommand(commands, command.args[0], commands.at(-1));
  const open = await openSinks(io, options.raw === true, context.term);
  const sinks = {
    stdout: options.stream === 'stderr' ? nowhere : open.stdout,
    stderr: options.stream === 'stdout' ? nowhere : open.stderr,
  };
  const from = { stdout: options.offset, stderr: options.offset };
  if (options.follow !== true) {
    const missing = await printNow(session, id, from, sinks);
    await Promise.all([sinks.stdout.end(), sinks.stderr.end()]);
    if (missing)
      throw new Failure(describeMissing(missing, id), missingHint, exitCodes.trouble, 'output_missing');
    if (startedAt === null)
      await context.printer.note(
        `command ${id} ${isEnded(state) ? 'never ran' : 'has not started'}: ${nameState(state)}`,
      );
    return exitCodes.ok;
  }
  const leave = new AbortController();
  const letGo = onInterrupt((_count, _isUrgent, signal) => leave.abort(signal));
  // A reader that closes stdout, such as `head`, ends the reading but not the command.
  const onBroken = (): void => leave.abort('broken pipe');
  io.stdout.once('error', onBroken);
  try {
    const end = await followCommand(session.client, id, from, {
      signal: leave.signal,
      onStdout: (bytes) => sinks.stdout.write(bytes),
      onStderr: (bytes) => sinks.stderr.write(bytes),
      ...retry,
    });
    await Promise.all([sinks.stdout.end(), sinks.stderr.end()]);
    const { exitCode, failure } = describeEnd(end, id, session.label);
    if (failure) throw failure;
    return exitCode;
  } catch (error) {
    const reason: unknown = leave.signal.reason;
    if (reason === 'broken pipe') return exitCodes.brokenPipe;
    if (isInterrupt(reason)) return exitCodeOf(reason);
    throw error;
  } finally {
    io.stdout.off('error', onBroken);
    letGo();
  }
};
