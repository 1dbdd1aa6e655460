/** Interface to the commands of one session: the same for a remotify relay and a legacy relay. */
import type { MissingOutput } from '../protocol/missing-output.ts';
import type { CommandState, Signal } from '../protocol/command-states.ts';
import type { StopOutcome } from '../client/stop-command.ts';

export const streams = ['stdout', 'stderr'] as const;
export type Stream = (typeof streams)[number];

/** Last known state of a command. */
export interface Snapshot {
  id: string;
  /** Untrusted text: the beginning of the script; null if the relay does not report it. */
  text: string | null;
  state: CommandState;
  /** Null while unknown. */
  exitStatus: number | null;
  signal: string | null;
  /** Untrusted text: the operator's reason, or why the command was lost or cancelled. */
  reason: string | null;
  durationMs: number | null;
  /** Output so far. */
  bytes: Record<Stream, number>;
  /** The part of either stream that can no longer be read; null while all of both can. */
  missing: MissingOutput | null;
}

export interface PushRequest {
  /** A repeated push with the same key is the same command. */
  idempotencyKey: string;
  stdin: string | undefined;
  /** 0 for none. */
  timeoutSeconds: number;
}

export interface CommandSource {
  /** Resolves once the relay has accepted the command. A retry after a temporary failure must use the same key. */
  push(script: Uint8Array, request: PushRequest): Promise<Snapshot>;
  /** Waits until the state differs from `known`, for at most `waitSeconds`. */
  look(
    id: string,
    known: CommandState | undefined,
    waitSeconds: number,
    signal?: AbortSignal,
  ): Promise<Snapshot>;
  /** At most `length` bytes from an offset. Reading never destroys. */
  read(id: string, stream: Stream, offset: number, length: number): Promise<Buffer>;
  /** `impossible`: nothing was sent. */
  stop(id: string, signal: Signal): Promise<{ outcome: StopOutcome | 'impossible'; command: Snapshot }>;
  /** Oldest first. */
  list(): Promise<Snapshot[]>;
}
