/** A command: shell text with an id, a state, an exit status and output. Plain data, stored as JSON. */
import type { CommandState, Signal } from '../protocol/command-states.ts';

/** Times are milliseconds since 1970, by the clock of the relay. */
export interface Command {
  readonly id: string;
  /** How the client pushed it. Only slot commands put their result into the result slot. */
  readonly origin: 'slot' | 'commands';
  readonly state: CommandState;
  /** The beginning of the script, without keys. Absent when an older relay stored the command. */
  readonly text?: string;
  readonly scriptBytes: number;
  /** Length of each flow. Its bytes are in the store, unless they were evicted. */
  readonly stdinBytes: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** Bytes of output that the store refused, as the listener counted them; null while unknown. */
  readonly cut: { readonly stdout: number; readonly stderr: number } | null;
  /** The relay refused output for lack of space: some may be missing, until the listener reports how much. */
  readonly wasRefused: boolean;
  /** Its stdin and output were evicted to make room: none of it can be read any more. */
  readonly isEvicted: boolean;
  /** SHA-256 of script and options, compared when a client repeats an Idempotency-Key. */
  readonly digest: string;
  readonly idempotencyKey: string | null;
  /** Name that the client sent, unverified: a single word, see `readClient`; null when it sent none. */
  readonly pushedBy: string | null;
  readonly merge: boolean;
  /** `open`: the client may send more. `closed`: the client sends no more. */
  readonly stdin: 'none' | 'open' | 'closed';
  readonly timeoutSeconds: number;
  readonly pushedAt: number;
  /** If it has not started by then, it expires and never runs. */
  readonly expiresAt: number | null;
  /** The listener that was shown the command last, or runs it. */
  readonly listenerId: string | null;
  readonly listenerHost: string | null;
  /** When that listener was shown it. */
  readonly shownAt: number | null;
  readonly startedAt: number | null;
  /** When that listener first sent a request about the run. Until then the answer with the command may have been lost. */
  readonly heardAt: number | null;
  readonly endedAt: number | null;
  readonly exitStatus: number | null;
  readonly signal: string | null;
  readonly reason: string | null;
  /** The signal that a client requested last, and how often clients requested one. */
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
  /** Null: it waits as long as the session exists. */
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

/**
 * Queues a command again that a listener was shown but did not start. That listener may still answer, until
 * another one is shown the command.
 */
export function requeueCommand(command: Command): Command {
  return { ...command, state: 'queued', shownAt: null };
}
