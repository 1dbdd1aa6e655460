/** Commands of one session as the tools see them, whichever way the relay speaks. */
import type { MissingOutput } from '../protocol/missing-output.ts';
import type { CommandState, Signal } from '../protocol/command-states.ts';
import type { StopOutcome } from '../client/stop-command.ts';

export const streams = ['stdout', 'stderr'] as const;
export type Stream = (typeof streams)[number];

/** A command as far as it is known. */
export interface Snapshot {
  id: string;
  /** Untrusted text: the beginning of the script; null where the relay does not say. */
  text: string | null;
  state: CommandState;
  /** Null while unknown. */
  exitStatus: number | null;
  signal: string | null;
  /** Untrusted text: the operator's words, or why it was lost or dropped. */
  reason: string | null;
  durationMs: number | null;
  /** So far. */
  bytes: Record<Stream, number>;
  /** What of both can no longer be read; null while all of it can. */
  missing: MissingOutput | null;
}

export interface PushRequest {
  /** Names the push: sent again with the same name it is the same command. */
  idempotencyKey: string;
  stdin: string | undefined;
  /** 0 for none. */
  timeoutSeconds: number;
}

export interface CommandSource {
  /** Resolves once the relay has it. A failure that passes may be tried again by the same name. */
  push(script: Uint8Array, request: PushRequest): Promise<Snapshot>;
  /** Held until the state is another one than `known`, but not longer than this. */
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
