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

/** In the queue, shown to a listener, started by it, ended as it reported, ended with a report that may still come, never started. */
type Phase = 'queued' | 'shown' | 'started' | 'reported' | 'unreported' | 'unstarted';

/** A state that is missing here does not compile. */
const phases: Readonly<Record<CommandState, Phase>> = {
  queued: 'queued',
  awaiting_approval: 'shown',
  running: 'started',
  finished: 'reported',
  timed_out: 'reported',
  lost: 'unreported',
  cancelled: 'unstarted',
  expired: 'unstarted',
  declined: 'unstarted',
};

/** Waits to be started: nothing of it has run. */
export function isWaiting(state: CommandState): boolean {
  return phases[state] === 'queued' || phases[state] === 'shown';
}

/** A listener has it: shown or started, and not ended. */
export function isInFlight(state: CommandState): boolean {
  return phases[state] === 'shown' || phases[state] === 'started';
}

/** Nothing more is to come, save a late finish of a lost command. */
export function isEnded(state: CommandState): boolean {
  return !isWaiting(state) && phases[state] !== 'started';
}

/** Its listener may send output and a finish: it runs, or is lost. */
export function takesOutput(state: CommandState): boolean {
  return phases[state] === 'started' || phases[state] === 'unreported';
}

/** Its listener reported the end. */
export function isReported(state: CommandState): boolean {
  return phases[state] === 'reported';
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
