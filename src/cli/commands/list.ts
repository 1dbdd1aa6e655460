/** `remotify list`: lists the stored sessions, with the state that their relays report. */
import type { Command } from 'commander';
import { RelayError } from '../../client/relay-error.ts';
import type { StoredSession } from '../../config/settings.ts';
import { describeFailure } from '../../terminal/printer.ts';
import { openMeasure } from '../../terminal/text-width.ts';
import { type Answer, askSessions } from '../ask-sessions.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions } from '../context.ts';
import { describeNameAndMode, findLastSeen, findPresence } from '../../text/describe-presence.ts';
import { exitCodes } from '../exit-codes.ts';
import { explain } from '../explain.ts';
import { formatTable } from '../format.ts';
import { addHelp } from '../help-format.ts';
import { mergeOptions } from '../options.ts';
import { formatAge, formatSeconds } from '../../text/durations.ts';

interface ListOptions extends CommonOptions {
  offline?: boolean;
}

interface Row {
  name: string;
  current: boolean;
  stored: StoredSession;
  /** Undefined when the relay was not asked. */
  answer: Answer | undefined;
}

export function describe(command: Command): void {
  command.option('--offline', 'list stored sessions without contacting their relays');
  addHelp(command, {
    notes: [
      'A star marks the current session. Columns: name, relay, listener, age, expiry.',
      'Queries all relays in parallel, for a few seconds at most. A query counts as a request: it restarts the time to expiry.',
    ],
    examples: ['remotify list', 'remotify list --offline', 'remotify list --json'],
  });
}

/** The state as one word, for scripts. */
function nameState(answer: Answer): string {
  if (!('error' in answer)) return findPresence(answer.status);
  const { error } = answer;
  if (!(error instanceof RelayError)) return 'unknown';
  return error.code === 'gone' ? 'gone' : error.kind;
}

const statesOfFailure: Readonly<Record<string, string>> = {
  gone: 'expired or ended',
  unreachable: 'unreachable',
  not_a_relay: 'not a relay',
  moved: 'the relay has moved',
  refused: 'the relay refused to answer',
};

function describeAnswer(answer: Answer): string {
  if ('error' in answer) return statesOfFailure[nameState(answer)] ?? 'unknown';
  const { listener } = answer.status;
  const ago = `${formatSeconds(findLastSeen(answer.status) ?? 0)} ago`;
  switch (findPresence(answer.status)) {
    case 'none':
      return 'no listener yet';
    case 'slot':
      return `legacy listener, last seen ${ago}`;
    case 'connected':
      return listener ? `connected, ${describeNameAndMode(listener)}` : 'connected';
    case 'disconnected':
      return `disconnected, last seen ${ago}`;
  }
}

function describeExpiry(answer: Answer): string {
  if ('error' in answer || answer.ttlSeconds === 0) return '';
  const { status, ttlSeconds } = answer;
  if (findPresence(status) === 'connected') return 'does not expire while connected';
  return status.cmd_in_flight
    ? 'does not expire while a command runs'
    : `expires ${formatSeconds(ttlSeconds)} after the last request`;
}

function describeAge({ createdAt }: StoredSession): string {
  return createdAt > 0 ? `${formatAge(createdAt, Date.now())} old` : '';
}

function renderRow({ name, current, stored, answer }: Row): string[] {
  const asked = answer
    ? [describeAnswer(answer), describeAge(stored), describeExpiry(answer)]
    : [describeAge(stored)];
  return [current ? '*' : ' ', name, stored.url, ...asked];
}

function describeAsJson({ name, current, stored, answer }: Row): object {
  const known = { name, current, url: stored.url, created_at: stored.createdAt };
  if (!answer) return known;
  const failed = 'error' in answer ? answer.error : undefined;
  const state = 'error' in answer ? undefined : answer;
  return {
    ...known,
    state: nameState(answer),
    listener: state?.status.listener ?? null,
    listener_seen_seconds_ago: state?.status.listener_seen_seconds_ago ?? null,
    ttl_seconds: state?.ttlSeconds ?? null,
    error: failed === undefined ? null : describeFailure(explain(failed)),
  };
}

export const run: Run = async (context, command) => {
  const { offline } = mergeOptions<ListOptions>(command);
  const { sessions, current } = context.settings();
  const { printer } = context;
  const stored = Object.entries(sessions);
  const isAsked = offline !== true && stored.length > 0;
  const answers = isAsked ? await askSessions(context, Object.values(sessions)) : [];
  const rows = stored.map(([name, session], at) => ({
    name,
    current: name === current,
    stored: session,
    answer: answers[at],
  }));
  if (context.json) {
    await printer.printJson({ sessions: rows.map(describeAsJson) });
    return exitCodes.ok;
  }
  if (rows.length === 0) await printer.note('no stored sessions; create one: `remotify new`');
  const table = rows.map(renderRow);
  const measure = await openMeasure(table.flat());
  if (rows.length > 0) await printer.print(formatTable(table, { columns: context.columns, measure }));
  return exitCodes.ok;
};
