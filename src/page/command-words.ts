/** The state of a command in words. */
import type { CommandState } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { formatDuration, formatSeconds } from '../text/durations.ts';
import { escapeText } from '../text/escape.ts';
import { relayNow } from './relay-clock.ts';
import { describeStopping } from '../text/describe-command.ts';

/**
 * `sending`: the relay has not confirmed it yet. `unsent`: the relay did not accept it. `unknown`: a newer relay has a name for it, or
 * nothing more will be heard of it; the reason says which.
 */
export type CardState = CommandState | 'sending' | 'unsent' | 'unknown';

/** Until the relay's view arrives, most fields are unknown. */
export type CardView = Partial<Omit<CommandView, 'state'>> & {
  state: CardState;
  /** When its operator was asked, as this page saw it: ms since 1970 by the relay's clock. */
  asked_at?: number;
};

export function stateOfNewerRelay(state: string): string {
  return `${escapeText(state.slice(0, 40))}: a state that this page does not know, reload it`;
}

function describeEnd({ exit_status: exitStatus = null, signal = null }: CardView): string {
  const status = exitStatus === null ? '' : `exit status ${exitStatus}`;
  if (signal === null) return status || 'ended';
  return `ended by SIG${escapeText(signal)}${status === '' ? '' : `, ${status}`}`;
}

const withReason = (words: string, reason: string | null | undefined): string =>
  reason === null || reason === undefined || reason === '' ? words : `${words}: ${escapeText(reason)}`;

/** A state that is missing here does not compile. */
const words: Readonly<Record<CardState, (view: CardView) => string>> = {
  sending: () => 'sending',
  unsent: ({ reason }) => escapeText(reason ?? 'not sent'),
  unknown: ({ reason }) => reason ?? 'unknown',
  queued: ({ position = null }) =>
    position !== null && position > 0 ? `queued, ${position} ahead of it` : 'queued, next',
  awaiting_approval: () => 'waiting for approval',
  running: ({ cancel_signal: signal = null }) => (signal === null ? 'running' : describeStopping(signal)),
  finished: describeEnd,
  timed_out: () => 'timed out',
  lost: ({ reason }) => withReason('lost, outcome unknown', reason),
  cancelled: ({ reason }) => escapeText(reason ?? 'cancelled before it started'),
  expired: () => 'expired before it started',
  declined: ({ reason }) => withReason('declined by the operator', reason),
};

export function describeState(view: CardView): string {
  return words[view.state](view);
}

/** The look of a state. */
export type Tone = 'plain' | 'busy' | 'asking' | 'good' | 'bad' | 'declined';

const tones: Readonly<Record<CardState, Tone>> = {
  sending: 'plain',
  unsent: 'bad',
  unknown: 'plain',
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

export function findTone({
  state,
  exit_status: exitStatus = null,
  cancel_signal: asked = null,
}: CardView): Tone {
  // A command that a client stopped did not fail.
  if (state === 'finished' && exitStatus !== 0) return asked === null ? 'bad' : 'plain';
  return tones[state];
}

/** When it entered its state, ms since 1970 by the relay's clock; undefined while that is unknown. */
function findSince({ state, ...view }: CardView): number | undefined {
  if (state === 'running') return view.started_at ?? undefined;
  const asked = state === 'awaiting_approval' ? view.asked_at : undefined;
  // 0: a relay that does not say it.
  return (asked ?? view.pushed_at) || undefined;
}

/** How long it ran, or for how long it has been in its state; empty while that is unknown. */
export function describeTime(view: CardView, isOpen: boolean): string {
  if (!isOpen) return typeof view.duration_ms === 'number' ? formatDuration(view.duration_ms) : '';
  const since = findSince(view);
  return since === undefined ? '' : formatSeconds(Math.max(1, (relayNow() - since) / 1000));
}
