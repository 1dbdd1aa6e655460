/** Describes the state and duration of a command as text. */
import { type CommandState, isCommandState } from '../protocol/command-states.ts';
import type { AnyCommandView, CommandView } from '../protocol/command-view.ts';
import { formatDuration, formatSeconds } from '../text/durations.ts';
import { cutChars } from '../text/cut-text.ts';
import { escapeText } from '../text/escape.ts';
import { relayNow } from './relay-clock.ts';
import { describeStopping, isWholeText } from '../text/describe-command.ts';

/**
 * `sending`: the relay has not confirmed it yet. `unsent`: the relay did not accept it. `unknown`: this page does not know the state of
 * a newer relay, or can get no more news of the command; the reason tells which.
 */
export type CardState = CommandState | 'sending' | 'unsent' | 'unknown';

/** Until the relay's view arrives, most fields are unknown. */
export type CardView = Partial<Omit<CommandView, 'state'>> & { state: CardState };

export function toCardView(listed: AnyCommandView): CardView & AnyCommandView {
  const { state } = listed;
  if (isCommandState(state)) return { ...listed, state };
  // A newer relay may have states that this page does not know.
  return { ...listed, state: 'unknown', reason: `unknown state "${cutChars(state, 40)}": reload the page` };
}

/** Whether the prompt can hold the text unchanged. A text field turns a carriage return into a line feed, which ends a command. */
export function isReusable<T extends string | null | undefined>(view: {
  text: T;
  script_bytes: number;
}): view is { text: T & string; script_bytes: number } {
  return isWholeText(view) && !view.text.includes('\r');
}

/** Exit status 0, but part of the output is missing: not shown as a success. */
const isIncomplete = ({ exit_status: exitStatus, missing_reason: missing = null }: CardView): boolean =>
  missing !== null && !exitStatus;

function describeEnd(view: CardView): string {
  const { exit_status: exitStatus = null, signal = null } = view;
  if (isIncomplete(view)) return 'ended, output incomplete';
  const status = exitStatus === null ? '' : `exit status ${exitStatus}`;
  if (signal === null) return status || 'ended';
  return `ended by SIG${escapeText(signal)}${status === '' ? '' : `, ${status}`}`;
}

const withReason = (words: string, reason: string | null | undefined): string =>
  reason === null || reason === undefined || reason === '' ? words : `${words}: ${escapeText(reason)}`;

/** How a state is coloured. */
export type Tone = 'plain' | 'busy' | 'asking' | 'good' | 'bad' | 'declined';

/** Must list every state, or it does not compile. */
const states: Readonly<Record<CardState, readonly [tone: Tone, words: (view: CardView) => string]>> = {
  sending: ['plain', () => 'sending'],
  unsent: ['bad', ({ reason }) => escapeText(reason ?? 'not sent')],
  unknown: ['plain', ({ reason }) => escapeText(reason ?? 'unknown')],
  queued: [
    'plain',
    ({ position = null }) =>
      position !== null && position > 0 ? `queued, ${position} ahead of it` : 'queued, next',
  ],
  awaiting_approval: ['asking', () => 'waiting for approval'],
  running: [
    'busy',
    ({ cancel_signal: signal = null }) => (signal === null ? 'running' : describeStopping(signal)),
  ],
  finished: ['good', describeEnd],
  timed_out: ['bad', () => 'timed out'],
  lost: ['bad', ({ reason }) => withReason('lost, outcome unknown', reason)],
  cancelled: ['plain', ({ reason }) => escapeText(reason ?? 'cancelled before it started')],
  expired: ['plain', () => 'expired before it started'],
  declined: ['declined', ({ reason }) => withReason('declined by the operator', reason)],
};

export function describeState(view: CardView): string {
  return states[view.state][1](view);
}

export function findTone(view: CardView): Tone {
  const { state, exit_status: exitStatus = null, cancel_signal: asked = null } = view;
  if (state === 'finished' && isIncomplete(view)) return 'plain';
  // After a signal of a client, an exit status other than 0 is no failure. An unknown one is none either.
  if (state === 'finished' && exitStatus !== 0)
    return asked === null && exitStatus !== null ? 'bad' : 'plain';
  return states[state][0];
}

/** When the command entered its state, ms since 1970 by the relay's clock; undefined while unknown. */
export function findSince({ state, ...view }: CardView): number | undefined {
  if (state === 'running') return view.started_at ?? undefined;
  if (state === 'awaiting_approval') return view.shown_at ?? undefined;
  // 0: the relay does not report the time.
  return view.pushed_at || undefined;
}

/** `, 5 s`; empty if `since` is unknown. */
export function describeSince(since: number | undefined): string {
  return since === undefined ? '' : `, ${formatSeconds(Math.max(1, (relayNow() - since) / 1000))}`;
}

/** How long the command ran, or how long it has been in its state: `, 5 s`; empty while unknown. */
export function describeTime(view: CardView, isOpen: boolean): string {
  if (isOpen) return describeSince(findSince(view));
  return typeof view.duration_ms === 'number' ? `, ${formatDuration(view.duration_ms)}` : '';
}
