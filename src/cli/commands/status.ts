/** `remotify status`: shows the session, or one command. */
import { listCommands } from '../../client/list-commands.ts';
import type { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { withRetry } from '../../client/retry.ts';
import { PollFloor } from '../../client/poll-floor.ts';
import type { CommandView } from '../../protocol/command-view.ts';
import { maxWaitSeconds } from '../../protocol/limits.ts';
import type { StatusPayload } from '../../protocol/status-payload.ts';
import { write } from '../../terminal/io.ts';
import { openMeasure } from '../../terminal/text-width.ts';
import { chooseCommand, requireCommands } from '../choose-command.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions, Context, OpenSession } from '../context.ts';
import { describeMissing, findMissing } from '../../text/describe-missing.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatTable } from '../format.ts';
import { addHelp } from '../help-format.ts';
import { isInterrupt, isTermination, onInterrupt } from '../interrupts.ts';
import { mergeOptions } from '../options.ts';
import { renderCommand, renderStatus, type Snapshot } from '../render-status.ts';

interface StatusOptions extends CommonOptions {
  watch?: boolean;
}

/** Refresh interval of --watch: ages change without an event. */
const refreshSeconds = 5;

export function describe(command: Command): void {
  command
    .argument('[id]', 'show one command instead of the session')
    .option('--watch', 'refresh until Ctrl-C');
  addHelp(command, {
    notes: ['On a terminal lines are cut to its width. With --watch, --json prints one object per change.'],
    examples: ['remotify status', 'remotify status c7 --json', 'remotify status --watch'],
  });
}

/** Undefined if the relay does not report it. */
async function readTtl({ client }: OpenSession): Promise<number | undefined> {
  const { ttl_seconds: seconds } = await client.readSession();
  return seconds > 0 ? seconds : undefined;
}

async function takeSnapshot(session: OpenSession, status: StatusPayload): Promise<Snapshot> {
  const [commands, ttlSeconds] = await Promise.all([
    session.dialect === 'commands' ? listCommands(session.client) : [],
    readTtl(session),
  ]);
  return { session, status, commands, ttlSeconds };
}

function describeAsJson({ session, status, commands, ttlSeconds }: Snapshot): object {
  const { url: relay, label } = session;
  return { relay, session: label, ttl_seconds: ttlSeconds ?? null, ...status, commands };
}

async function show(context: Context, session: OpenSession, status: StatusPayload): Promise<void> {
  const snapshot = await takeSnapshot(session, status);
  if (context.json) await context.printer.printJson(describeAsJson(snapshot));
  else await context.printer.print(await renderStatus(snapshot, context.columns));
}

async function watch(context: Context, session: OpenSession): Promise<number> {
  const leave = new AbortController();
  const letGo = onInterrupt((_count, _isUrgent, signal) => leave.abort(signal));
  context.io.stdout.once('error', () => leave.abort());
  const { signal } = leave;
  try {
    let after: number | undefined;
    const floor = new PollFloor();
    for (;;) {
      floor.begin();
      const waitSeconds = after === undefined ? 0 : Math.min(refreshSeconds, maxWaitSeconds);
      const poll = { ...(after !== undefined && { after }), waitSeconds, signal };
      // Retries: the view continues when the relay is back.
      const status = await withRetry(() => session.client.readStatus(poll), {
        signal,
        onRetry: (error) => void context.printer.note(`${error.message}; trying again`),
        onRecovery: () => void context.printer.note('the relay answers again'),
      });
      // A terminal is cleared; a pipe gets one view after the other.
      if (context.io.stdout.isTTY === true && !context.json) await write(context.io.stdout, '\x1b[H\x1b[2J');
      await show(context, session, status);
      if (status.revision === undefined) await sleep(refreshSeconds * 1000, undefined, { signal });
      else await floor.end(after === undefined, signal);
      after = status.revision;
    }
  } catch (error) {
    const reason: unknown = signal.reason;
    // Ctrl-C is the normal way to end the view: exit status 0.
    if (isInterrupt(reason) && isTermination(reason)) return exitCodes.terminated;
    if (signal.aborted) return exitCodes.ok;
    throw error;
  } finally {
    letGo();
  }
}

async function renderOne({ columns }: Context, view: CommandView): Promise<string> {
  const row = renderCommand(view);
  const line = formatTable([row], { columns, measure: await openMeasure(row) });
  const missing = findMissing(view);
  // The table says only that output is missing.
  return missing ? `${line}\n${describeMissing(missing)}` : line;
}

export const run: Run = async (context, command) => {
  const options = mergeOptions<StatusOptions>(command);
  const session = await context.requireSession();
  const id = command.args[0];
  if (id !== undefined) {
    requireCommands(session);
    const view = chooseCommand(await listCommands(session.client), id, undefined);
    await (context.json
      ? context.printer.printJson(view)
      : context.printer.print(await renderOne(context, view)));
    return exitCodes.ok;
  }
  if (options.watch === true) return watch(context, session);
  await show(context, session, await session.client.readStatus());
  return exitCodes.ok;
};
