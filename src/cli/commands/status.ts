/** `remotify status` */
import type { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { withPatience } from '../../client/patience.ts';
import { PollFloor } from '../../client/poll-floor.ts';
import { isEnded } from '../../protocol/command-states.ts';
import type { CommandView } from '../../protocol/command-view.ts';
import { maxWaitSeconds } from '../../protocol/limits.ts';
import type { StatusPayload } from '../../protocol/status-payload.ts';
import { escapeText } from '../../terminal/escape.ts';
import { write } from '../../terminal/io.ts';
import { describeListener } from '../await-listener.ts';
import { chooseCommand, requireCommands } from '../choose-command.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions, Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatDuration, formatSeconds, formatTable } from '../format.ts';
import { onInterrupt } from '../interrupts.ts';
import { mergeOptions } from '../options.ts';

interface StatusOptions extends CommonOptions {
  watch?: boolean;
}

const recentCommands = 5;

/** What changes without an event: ages. */
const refreshSeconds = 5;

export function describe(command: Command): void {
  command
    .argument('[id]', 'one command instead of the session')
    .option('--watch', 'keep it fresh until Ctrl-C')
    .addHelpText(
      'after',
      '\nExamples:\n  $ remotify status\n  $ remotify status c7 --json\n  $ remotify status --watch',
    );
}

function describeLoss({ missing_reason: reason, missing_bytes: bytes }: CommandView): string {
  if (reason === null) return '';
  const count = bytes === 0 ? 'output' : `${bytes} bytes of output`;
  return reason === 'evicted' ? `${count} removed to make room` : `${count} not stored`;
}

function describeCommand(command: CommandView): string[] {
  const { id, state, exit_status: exitStatus, signal, reason, duration_ms: durationMs } = command;
  const how =
    exitStatus === null
      ? ''
      : `exit status ${exitStatus}${signal === null ? '' : ` (${escapeText(signal)})`}`;
  return [
    id,
    state,
    how,
    durationMs === null ? '' : formatDuration(durationMs),
    [reason === null ? '' : escapeText(reason), describeLoss(command)].filter(Boolean).join('; '),
  ];
}

function describeState(status: StatusPayload): string {
  const { listener } = status;
  const seen = listener?.seen_seconds_ago ?? status.listener_seen_seconds_ago;
  if (seen === null) return 'none yet: paste the line on the remote';
  if (listener === undefined || listener?.kind === 'slot')
    return `somebody polls the slot, last seen ${formatSeconds(seen)} ago`;
  const who = escapeText(describeListener(listener));
  return listener?.attached === true ? who : `gone (${who}), last seen ${formatSeconds(seen)} ago`;
}

function describeRunning(status: StatusPayload, commands: readonly CommandView[]): string {
  if (!status.cmd_in_flight) return 'nothing';
  const since = formatSeconds(status.cmd_in_flight_seconds_ago ?? 0);
  const current = commands.find(({ id }) => id === status.current);
  if (!current) return `a command, picked up ${since} ago`;
  if (current.state === 'awaiting_approval') return `${current.id} waits for approval`;
  const stopping = current.cancel_signal === null ? '' : `, told to stop (${current.cancel_signal})`;
  return `${current.id} for ${since}${stopping}`;
}

function render(
  { label, url }: OpenSession,
  status: StatusPayload,
  commands: readonly CommandView[],
): string {
  const queued = commands.filter(({ state }) => state === 'queued').map(({ id }) => id);
  const length = status.queue_length ?? Number(status.cmd_queued);
  const queue =
    length === 0 ? 'empty' : `${length} waiting${queued.length > 0 ? `: ${queued.join(' ')}` : ''}`;
  const lines = [
    ['relay', url],
    ['session', label],
    ['listener', describeState(status)],
    ['running', describeRunning(status, commands)],
    ['queue', queue],
    ...(status.result_queued ? [['result', 'one is unread in the slot']] : []),
  ];
  const recent = commands.filter(({ state }) => isEnded(state)).slice(-recentCommands);
  const table = recent.length === 0 ? '' : `\n\n${formatTable(recent.map(describeCommand))}`;
  return `${formatTable(lines)}${table}\n`;
}

async function show(context: Context, session: OpenSession, status: StatusPayload): Promise<void> {
  const commands = session.dialect === 'commands' ? await session.client.listCommands() : [];
  if (context.json) {
    await context.printer.printJson({ relay: session.url, session: session.label, ...status, commands });
    return;
  }
  await context.printer.print(render(session, status, commands));
}

async function watch(context: Context, session: OpenSession): Promise<number> {
  const leave = new AbortController();
  const letGo = onInterrupt(() => leave.abort());
  context.io.stdout.once('error', () => leave.abort());
  const { signal } = leave;
  try {
    let after: number | undefined;
    const floor = new PollFloor();
    for (;;) {
      floor.begin();
      const waitSeconds = after === undefined ? 0 : Math.min(refreshSeconds, maxWaitSeconds);
      const poll = { ...(after !== undefined && { after }), waitSeconds, signal };
      // Whoever watches wants to see the relay come back too.
      const status = await withPatience(() => session.client.readStatus(poll), {
        signal,
        onTrouble: (error) => void context.printer.note(`${error.message}; trying again`),
        onRecovery: () => void context.printer.note('the relay answers again'),
      });
      // A screen starts anew, a pipe gets one after the other.
      if (context.io.stdout.isTTY === true && !context.json) await write(context.io.stdout, '\x1b[H\x1b[2J');
      await show(context, session, status);
      if (status.revision === undefined) await sleep(refreshSeconds * 1000, undefined, { signal });
      else await floor.end(after === undefined, signal);
      after = status.revision;
    }
  } catch (error) {
    if (signal.aborted) return exitCodes.ok;
    throw error;
  } finally {
    letGo();
  }
}

export const run: Run = async (context, command) => {
  const options = mergeOptions<StatusOptions>(command);
  const session = await context.requireSession();
  const id = command.args[0];
  if (id !== undefined) {
    requireCommands(session);
    const view = chooseCommand(await session.client.listCommands(), id, undefined);
    await (context.json
      ? context.printer.printJson(view)
      : context.printer.print(formatTable([describeCommand(view)])));
    return exitCodes.ok;
  }
  if (options.watch === true) return watch(context, session);
  await show(context, session, await session.client.readStatus());
  return exitCodes.ok;
};
