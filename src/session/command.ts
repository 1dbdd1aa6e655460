/** One piece of shell text with an id, a state, an exit status and output. Plain data: it is stored as JSON. */
import type { CommandState, Signal } from '../protocol/command-states.ts';

/** Points in time are milliseconds since 1970, as the relay's clock has them. */
export interface Command {
  readonly id: string;
  /** The door it came in by: only slot commands answer on the result slot. */
  readonly origin: 'slot' | 'commands';
  readonly state: CommandState;
  /** The beginning of the script, without keys. Absent where an older relay stored the command. */
  readonly text?: string;
  readonly scriptBytes: number;
  /** How far each flow goes. Its bytes are in the store, unless they were evicted. */
  readonly stdinBytes: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** Output that the store did not take, as the listener counted it; null while that is unknown. */
  readonly cut: { readonly stdout: number; readonly stderr: number } | null;
  /** The relay refused output of it for want of room: until the listener says how much is missing, some of it may be. */
  readonly wasRefused: boolean;
  /** Its input and output made room for later ones: none of it can be read any more. */
  readonly isEvicted: boolean;
  /** SHA-256 of script and options: what an Idempotency-Key is compared by. */
  readonly digest: string;
  readonly idempotencyKey: string | null;
  /** What its client says of itself: a single word, see `readClient`; null when it says nothing. */
  readonly pushedBy: string | null;
  readonly merge: boolean;
  /** `open`: the client sends more. `closed`: what is there is all. */
  readonly stdin: 'none' | 'open' | 'closed';
  readonly timeoutSeconds: number;
  readonly pushedAt: number;
  /** Not started by then: it never will be. */
  readonly expiresAt: number | null;
  /** Who was shown it, or runs it. */
  readonly listenerId: string | null;
  readonly listenerHost: string | null;
  /** When a listener was shown it. */
  readonly shownAt: number | null;
  readonly startedAt: number | null;
  /** When the listener that runs it was first heard about it; until then an answer that carried it may have been lost. */
  readonly heardAt: number | null;
  readonly endedAt: number | null;
  readonly exitStatus: number | null;
  readonly signal: string | null;
  readonly reason: string | null;
  /** The signal asked for, and how often one was. */
  readonly cancelSignal: Signal | null;
  readonly cancelCount: number;
}

export interface NewCommand {
  origin: 'slot' | 'commands';
  text?: string;
  scriptBytes: number;
  digest: string;
  idempotencyKey: string | null;
  pushedBy: string | null;
  merge: boolean;
  stdin: 'none' | 'open';
  timeoutSeconds: number;
  /** Null waits for as long as the session lives. */
  queueSeconds: number | null;
}

export function createCommand(id: string, given: NewCommand, now: number): Command {
  const { queueSeconds, ...rest } = given;
  return {
    id,
    ...rest,
    state: 'queued',
    stdinBytes: 0,
    stdoutBytes: 0,
    stderrBytes: 0,
    cut: null,
    wasRefused: false,
    isEvicted: false,
    pushedAt: now,
    expiresAt: queueSeconds === null ? null : now + queueSeconds * 1000,
    listenerId: null,
    listenerHost: null,
    shownAt: null,
    startedAt: null,
    heardAt: null,
    endedAt: null,
    exitStatus: null,
    signal: null,
    reason: null,
    cancelSignal: null,
    cancelCount: 0,
  };
}

export function endCommand(
  command: Command,
  state: CommandState,
  now: number,
  how: Partial<Pick<Command, 'exitStatus' | 'signal' | 'reason'>> = {},
): Command {
  return { ...command, state, endedAt: now, ...how };
}

/** Back to the queue: it was shown to someone and never started. Whoever that was may still answer, until another is shown it. */
export function requeueCommand(command: Command): Command {
  return { ...command, state: 'queued', shownAt: null };
}
