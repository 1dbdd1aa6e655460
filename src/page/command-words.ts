/** The state of a command in words. */
import type { CommandState } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { formatDuration, formatSeconds } from '../text/durations.ts';
import { escapeText } from '../text/escape.ts';
import { formatSize } from '../text/sizes.ts';
import { relayNow } from './relay-clock.ts';

/** Of a command that the relay has not confirmed yet, or never took. */
export type CardState = CommandState | 'sending' | 'unsent';

/** Before the relay's own view is there, most of it is not known. */
export type CardView = Partial<Omit<CommandView, 'state'>> & { state: CardState };

function describeEnd({ exit_status: exitStatus = null, signal = null }: CardView): string {
  const status = exitStatus === null ? '' : `exit status ${exitStatus}`;
  if (signal === null) return status || 'ended';
  return `ended by SIG${escapeText(signal)}${status === '' ? '' : `, ${status}`}`;
}

const withReason = (words: string, reason: string | null | undefined): string =>
  reason === null || reason === undefined || reason === '' ? words : `${words}: ${escapeText(reason)}`;

/** A state that is missing here does not compile. */
const words: Readonly<Record<CardState, (view: CardView) => string>> = {
  sending: () => 'on its way to the relay',
  unsent: ({ reason }) => reason ?? 'not sent',
  queued: ({ position = null }) =>
    position !== null && position > 0 ? `queued, ${position} before it` : 'queued, waits for the listener',
  awaiting_approval: () => 'waits for approval: the operator is asked',
  running: ({ cancel_signal: signal = null }) =>
    signal === null ? 'running' : `running, told to end by SIG${signal}`,
  finished: describeEnd,
  timed_out: () => 'timed out',
  lost: ({ reason }) => withReason('lost, its end is not known', reason),
  cancelled: ({ reason }) => escapeText(reason ?? 'cancelled before it ran'),
  expired: () => 'expired before it ran',
  declined: ({ reason }) => withReason('declined by the operator', reason),
};

export function describeState(view: CardView): string {
  return words[view.state](view);
}

/** How a state is to look. */
export type Tone = 'plain' | 'busy' | 'asking' | 'good' | 'bad' | 'declined';

const tones: Readonly<Record<CardState, Tone>> = {
  sending: 'plain',
  unsent: 'bad',
  queued: 'plain',
  awaiting_approval: 'asking',
  running: 'busy',
  finished: 'good',
  timed_out: 'bad',
  lost: 'bad',
  cancelled: 'plain',
  expired: 'plain',
  declined: 'declined',
};

export function findTone({ state, exit_status: exitStatus = null }: CardView): Tone {
  return state === 'finished' && exitStatus !== 0 ? 'bad' : tones[state];
}

/** When it entered the state that it is in, ms since 1970 by the relay's clock; undefined where that is not known. */
function findSince({ state, started_at: startedAt, pushed_at: pushedAt }: CardView): number | undefined {
  return (state === 'running' ? startedAt : pushedAt) ?? undefined;
}

/** What its label in the transcript says of time: how long it took, or has been at it. Empty while that is not known. */
export function describeTime(view: CardView, isOpen: boolean): string {
  if (!isOpen) return typeof view.duration_ms === 'number' ? formatDuration(view.duration_ms) : '';
  const since = findSince(view);
  return since === undefined ? '' : formatSeconds(Math.max(1, (relayNow() - since) / 1000));
}

/** Undefined where nothing is missing. */
export function describeMissing({
  missing_reason: reason = null,
  missing_bytes: bytes = 0,
}: CardView): string | undefined {
  if (reason === null) return undefined;
  const why = reason === 'evicted' ? 'removed to make room for later output' : 'there was no room for it';
  return `${bytes > 0 ? formatSize(bytes) : 'some'} of the output is missing: ${why}`;
}
