/** The states of a command; docs/protocol.md, under "Commands", draws the transitions. */
export const commandStates = [
  'queued',
  'awaiting_approval',
  'running',
  'finished',
  'timed_out',
  'lost',
  'cancelled',
  'expired',
  'declined',
] as const;

export type CommandState = (typeof commandStates)[number];

/**
 * How far a command is: 0 queued, 1 shown to a listener, 2 started by the listener, 3 ended, but the listener may still
 * report how, 4 ended as the listener reported, 5 ended before it started. The code does not compile if a state is
 * missing here.
 */
const steps: Readonly<Record<CommandState, number>> = {
  queued: 0,
  awaiting_approval: 1,
  running: 2,
  lost: 3,
  finished: 4,
  timed_out: 4,
  cancelled: 5,
  expired: 5,
  declined: 5,
};

/** The command has not started yet. */
export function isWaiting(state: CommandState): boolean {
  return steps[state] < 2;
}

/** A listener has the command: it was shown or started, and has not ended. */
export function isInFlight(state: CommandState): boolean {
  return steps[state] === 1 || steps[state] === 2;
}

/**
 * Nothing more will happen, except a late finish of a lost command. An unknown state counts as ended, so that nothing
 * waits for it.
 */
export function isEnded(state: CommandState): boolean {
  return !(steps[state] < 3);
}

/** The listener may send output and a finish for this command: it is running or lost. */
export function takesOutput(state: CommandState): boolean {
  return steps[state] === 2 || steps[state] === 3;
}

/** The listener reported the end of the command. */
export function isReported(state: CommandState): boolean {
  return steps[state] === 4;
}

/** The command ended, and its state can no longer change. */
export function isSettled(state: CommandState): boolean {
  return isEnded(state) && !takesOutput(state);
}

export function isCommandState(text: unknown): text is CommandState {
  return commandStates.some((state) => state === text);
}

/** Signals that a client may send to a running command, from the weakest to the strongest. */
export const signals = ['INT', 'TERM', 'KILL'] as const;
export type Signal = (typeof signals)[number];

export function isSignal(text: unknown): text is Signal {
  return signals.some((signal) => signal === text);
}

export function chooseStronger(one: Signal | null, other: Signal): Signal {
  return one !== null && signals.indexOf(one) > signals.indexOf(other) ? one : other;
}

/** `?signal=none` of a cancel: cancels a command that has not started, and lets a running one continue. */
export const noSignal = 'none';

/** The reason of a command that a client cancelled by its id. */
export const cancelledByClient = 'cancelled before it ran';
