/** Renders `remotify status`: the session, the running and the queued commands, the last ended ones. */
import { isEnded, isWaiting } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import { type Measure, openMeasure } from '../terminal/text-width.ts';
import type { OpenSession } from './context.ts';
import { describeOutcome, describePusher, describeStopping, describeText } from '../text/describe-command.ts';
import { describeExpiry, describePresence } from '../text/describe-presence.ts';
import { formatTable } from './format.ts';
import { formatAge, formatDuration, formatSeconds } from '../text/durations.ts';

const recentCommands = 5;

export interface Snapshot {
  session: OpenSession;
  status: StatusPayload;
  commands: readonly CommandView[];
  /** Undefined if the relay does not report it. */
  ttlSeconds: number | undefined;
}

/** One command on one line. */
export function renderCommand(command: CommandView): string[] {
  const { id, state, duration_ms: durationMs, ended_at: endedAt, pushed_at: pushedAt } = command;
  return [
    id,
    state,
    describeOutcome(command),
    durationMs === null ? '' : formatDuration(durationMs),
    `${formatAge(endedAt ?? pushedAt, Date.now())} ago`,
    describePusher(command),
    describeText(command),
  ];
}

function withSource(words: string, command: CommandView): string {
  const by = describePusher(command);
  const text = describeText(command);
  return `${words}${by === '' ? '' : `, from ${by}`}${text === '' ? '' : `: ${text}`}`;
}

function describeRunning(status: StatusPayload, commands: readonly CommandView[]): string {
  if (!status.cmd_in_flight) return 'nothing';
  const since = formatSeconds(status.cmd_in_flight_seconds_ago ?? 0);
  const current = commands.find(({ id }) => id === status.current);
  if (!current) return `a command, picked up ${since} ago`;
  if (isWaiting(current.state)) return withSource(`${current.id} waiting for approval for ${since}`, current);
  const stopping = current.cancel_signal === null ? '' : `, ${describeStopping(current.cancel_signal)}`;
  return withSource(`${current.id} for ${since}${stopping}`, current);
}

function indent(text: string): string {
  return text === '' ? '' : text.replaceAll(/^/gm, '  ');
}

function render(
  { session, status, commands, ttlSeconds }: Snapshot,
  columns: number | undefined,
  measure: Measure,
): string {
  const queued = commands.filter(({ state }) => state === 'queued');
  const length = status.queue_length ?? Number(status.cmd_queued);
  const rows = [
    ['relay', session.url],
    ['session', session.label],
    ['listener', describePresence(status)],
    ...(ttlSeconds === undefined ? [] : [['expires', describeExpiry(ttlSeconds)]]),
    ...(session.dialect === 'slots' ? [['commands', 'not listed: this is a legacy relay']] : []),
    ...(status.result_queued ? [['result', 'one unread result in the slot']] : []),
    ['running', describeRunning(status, commands)],
    ['queue', length === 0 ? 'empty' : `${length} waiting`],
  ];
  const waiting = queued.map((command) => [
    command.id,
    `${formatAge(command.pushed_at, Date.now())} ago`,
    describePusher(command),
    describeText(command),
  ]);
  const recent = commands.filter(({ state }) => isEnded(state)).slice(-recentCommands);
  const below = columns === undefined ? undefined : columns - 2;
  return [
    formatTable(rows, { columns, measure }),
    indent(formatTable(waiting, { columns: below, measure })),
    recent.length === 0 ? '' : `\n${formatTable(recent.map(renderCommand), { columns, measure })}`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** Without `columns` lines are not truncated. */
export async function renderStatus(snapshot: Snapshot, columns: number | undefined): Promise<string> {
  const measure = await openMeasure([
    ...snapshot.commands.flatMap((command) => renderCommand(command)),
    describePresence(snapshot.status),
  ]);
  return render(snapshot, columns, measure);
}
