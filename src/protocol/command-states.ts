/** The life of a command; see PROTOCOL in README.md for the drawing. */
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
 * How far it has come: 0 queued, 1 shown to a listener, 2 started by it, 3 ended with a report that may still come, 4 ended as its listener
 * reported, 5 ended before it started. A state that is missing here does not compile.
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

/** Waits to be started: nothing of it has run. */
export function isWaiting(state: CommandState): boolean {
  return steps[state] < 2;
}

/** A listener has it: shown or started, and not ended. */
export function isInFlight(state: CommandState): boolean {
  return steps[state] === 1 || steps[state] === 2;
}

/** Nothing more is to come, save a late finish of a lost command. A state that is not known has ended: nothing waits for it. */
export function isEnded(state: CommandState): boolean {
  return !(steps[state] < 3);
}

/** Its listener may send output and a finish: it runs, or is lost. */
export function takesOutput(state: CommandState): boolean {
  return steps[state] === 2 || steps[state] === 3;
}

/** Its listener reported the end. */
export function isReported(state: CommandState): boolean {
  return steps[state] === 4;
}

/** Nothing more is to come at all. */
export function isSettled(state: CommandState): boolean {
  return isEnded(state) && !takesOutput(state);
}

export function isCommandState(text: unknown): text is CommandState {
  return commandStates.some((state) => state === text);
}

/** Signals that a client may ask for. */
export const signals = ['INT', 'TERM', 'KILL'] as const;
export type Signal = (typeof signals)[number];

export function isSignal(text: unknown): text is Signal {
  return signals.some((signal) => signal === text);
}

/** `?signal=none` of a cancel: drops a command that waits, and lets one that runs go on. */
export const noSignal = 'none';

/** The reason of a command that a client withdrew by its id. */
export const cancelledByClient = 'cancelled before it ran';
