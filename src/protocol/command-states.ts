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

const open: ReadonlySet<string> = new Set<CommandState>(['queued', 'awaiting_approval', 'running']);

/** Nothing more is to come, save a late finish of a lost command. */
export function isEnded(state: CommandState): boolean {
  return !open.has(state);
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
