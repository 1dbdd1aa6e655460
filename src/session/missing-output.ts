/** Output that a reader can no longer get: evicted to make room, or refused by a full store. */
import type { MissingOutput } from '../protocol/missing-output.ts';
import type { Command } from './command.ts';
import { flowBytes, withFlowBytes } from './extend-flow.ts';
import { findCommand, type Outcome, replaceCommand, type Session, type Stream } from './session.ts';

/** How many bytes of a stream can be read. */
export function readableBytes(command: Command, stream: Stream): number {
  return command.isEvicted ? 0 : flowBytes(command, stream);
}

/** What a reader of these streams, from these offsets on, cannot get; undefined when nothing is missing. */
export function findMissingFrom(
  command: Command,
  from: Partial<Record<Stream, number>>,
): MissingOutput | undefined {
  const streams = Object.entries(from) as [Stream, number][];
  const cut = streams.reduce((sum, [stream]) => sum + (command.cut?.[stream] ?? 0), 0);
  const evicted = streams.reduce(
    (sum, [stream, offset]) => sum + Math.max(0, flowBytes(command, stream) - offset),
    0,
  );
  if (command.isEvicted && evicted > 0) return { bytes: evicted + cut, reason: 'evicted' };
  if (cut > 0 || (command.wasRefused && command.cut === null)) return { bytes: cut, reason: 'cut' };
  return undefined;
}

/** Records that the relay refused output of a command: some is missing, unless its listener reports otherwise. */
export function noteRefusedOutput(session: Session, id: string): Outcome<void> {
  const command = findCommand(session, id);
  if (command.wasRefused) return { session, result: undefined };
  return { session: replaceCommand(session, { ...command, wasRefused: true }), result: undefined };
}

/** Records that the store has less of a stream than the session counts, and that the rest cannot be sent again. */
export function loseOutput(session: Session, id: string, stream: Stream, end: number): Outcome<void> {
  const command = findCommand(session, id);
  const lost = readableBytes(command, stream) - end;
  if (lost <= 0) return { session, result: undefined };
  const before = command.cut ?? { stdout: 0, stderr: 0 };
  const cut = { ...before, [stream]: before[stream] + lost };
  const shortened = { ...withFlowBytes(command, stream, end), cut };
  return { session: replaceCommand(session, shortened), result: undefined };
}
