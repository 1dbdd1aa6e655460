/** Bytes that come at offsets: an overlap is stored once, a gap is refused. */
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

/** How far a flow goes, in bytes. */
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

/** The command with what is new in a chunk. Throws `output_gap` with the offset that was expected. */
export function extendFlow(command: Command, { flow, offset, bytes }: Chunk): Extended {
  const end = flowBytes(command, flow);
  if (offset > end) {
    throw new Refusal('output_gap', `${flow} goes on at ${end}`, { [header.nextOffset]: String(end) });
  }
  const fresh = bytes.subarray(Math.min(bytes.byteLength, end - offset));
  if (fresh.byteLength === 0) return { command, put: [], next: Math.max(end, offset + bytes.byteLength) };
  const next = end + fresh.byteLength;
  const extended = withFlowBytes(command, flow, next);
  // What was evicted is not begun anew: readers learn how much is missing.
  if (command.isEvicted) return { command: extended, put: [], next };
  return { command: extended, put: [{ id: command.id, part: flow, offset: end, bytes: fresh }], next };
}

/** By how much output may pass a quota: a few words always fit in, so that what is missing can be said. */
export function chooseAllowance(put: readonly Piece[]): number {
  const bytes = put.reduce((sum, piece) => sum + piece.bytes.byteLength, 0);
  return bytes <= overQuotaAllowanceBytes ? overQuotaExcessBytes : 0;
}
