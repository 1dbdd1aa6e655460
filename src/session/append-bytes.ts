/** Appends output from the listener and stdin from the client to a command. */
import { isEnded, takesOutput } from '../protocol/command-states.ts';
import { Refusal } from '../protocol/errors.ts';
import { closeStdin, findOpenStdin } from './close-stdin.ts';
import type { Command } from './command.ts';
import { type Chunk, chooseAllowance, extendFlow } from './extend-flow.ts';
import { acknowledgeStart } from './serve-listener.ts';
import { type Outcome, replaceCommand, type Session } from './session.ts';

/** Output of a running or lost command, from its listener. Returns the next offset. Throws `not_startable`. */
export function appendOutput(
  session: Session,
  id: string,
  listenerId: string,
  chunk: Chunk,
  now: number,
): Outcome<number> {
  const heard = acknowledgeStart(session, id, listenerId, now);
  const { state } = heard.result;
  if (!takesOutput(state)) throw new Refusal('not_startable', state);
  const { command, put, next } = extendFlow(heard.result, chunk);
  if (command === heard.result) return { ...heard, result: next };
  return {
    session: replaceCommand(heard.session, command),
    result: next,
    put,
    keepsRevision: heard.quiet === true,
    overQuotaBytes: chooseAllowance(put),
  };
}

/** Stdin from the client; `isEnd` closes stdin after these bytes. Repeatable. Throws `stdin_closed`. */
export function appendStdin(
  session: Session,
  id: string,
  chunk: Omit<Chunk, 'flow'>,
  isEnd: boolean,
): Outcome<number> {
  const open = findOpenStdin(session, id);
  // After the end of stdin a client may repeat bytes, but not add any.
  if (open.stdin === 'closed' && chunk.offset + chunk.bytes.byteLength > open.stdinBytes)
    throw new Refusal('stdin_closed');
  const { command, put, next } = extendFlow(open, { ...chunk, flow: 'stdin' });
  const extended: Session = command === open ? session : replaceCommand(session, command);
  if (!isEnd) return { session: extended, result: next, put, keepsRevision: true };
  return { session: closeStdin(extended, id).session, result: next, put };
}

/** Whether a listener that waits for stdin at this offset gets an answer now: bytes, or the news that none will come. */
export function hasStdinNews({ stdin, stdinBytes, state }: Command, offset: number): boolean {
  return stdinBytes > offset || stdin !== 'open' || isEnded(state);
}
