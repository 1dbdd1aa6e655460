/** Appends a chunk at its offset to stdin, stdout or stderr: stores an overlap once, refuses a gap. */
import { Refusal } from '../protocol/errors.ts';
import { header } from '../protocol/headers.ts';
import { overQuotaAllowanceBytes, overQuotaExcessBytes } from '../protocol/limits.ts';
import type { Command } from './command.ts';
import type { Flow, Piece } from './session.ts';

export interface Chunk {
  readonly flow: Flow;
  /** In bytes, from the start of the flow. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Length of a flow in bytes. */
export function flowBytes(command: Command, flow: Flow): number {
  if (flow === 'stdin') return command.stdinBytes;
  return flow === 'stdout' ? command.stdoutBytes : command.stderrBytes;
}

export function withFlowBytes(command: Command, flow: Flow, bytes: number): Command {
  if (flow === 'stdin') return { ...command, stdinBytes: bytes };
  return flow === 'stdout' ? { ...command, stdoutBytes: bytes } : { ...command, stderrBytes: bytes };
}

interface Extended {
  readonly command: Command;
  readonly put: readonly Piece[];
  /** Where the next chunk begins. */
  readonly next: number;
}

/** Adds the new bytes of a chunk to the command. Throws `output_gap` with the expected offset. */
export function extendFlow(command: Command, { flow, offset, bytes }: Chunk): Extended {
  const end = flowBytes(command, flow);
  if (offset > end) {
    throw new Refusal('output_gap', `${flow} goes on at ${end}`, { [header.nextOffset]: String(end) });
  }
  const fresh = bytes.subarray(Math.min(bytes.byteLength, end - offset));
  if (fresh.byteLength === 0) return { command, put: [], next: Math.max(end, offset + bytes.byteLength) };
  const next = end + fresh.byteLength;
  const extended = withFlowBytes(command, flow, next);
  // After an eviction, bytes are counted and not stored: readers learn how much is missing.
  if (command.isEvicted) return { command: extended, put: [], next };
  return { command: extended, put: [{ id: command.id, part: flow, offset: end, bytes: fresh }], next };
}

/** How far output may exceed a quota: a short line always fits, so that it can report what is missing. */
export function chooseAllowance(put: readonly Piece[]): number {
  const bytes = put.reduce((sum, piece) => sum + piece.bytes.byteLength, 0);
  return bytes <= overQuotaAllowanceBytes ? overQuotaExcessBytes : 0;
}
