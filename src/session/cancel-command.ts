/** Cancels one command for a client, discards a damaged one, and resets the session. */
import {
  cancelledByClient,
  chooseStronger,
  isEnded,
  isInFlight,
  isWaiting,
  type Signal,
} from '../protocol/command-states.ts';
import type { CancelAnswer } from '../protocol/command-view.ts';
import { type Command, endCommand } from './command.ts';
import { openCommands } from './open-commands.ts';
import {
  emptySlot,
  findCommand,
  type Outcome,
  queuedCommands,
  replaceCommand,
  type Session,
} from './session.ts';
import { settleCommand } from './settle-command.ts';

export interface Cancelled {
  outcome: CancelAnswer['outcome'];
  command: Command;
}

/**
 * Cancels a command that has not started, so that it never runs. Requests the signal, or a stronger one that was
 * requested before, for a running command, unless the signal is null. Leaves an ended command as it is.
 */
export function cancelCommand(
  session: Session,
  id: string,
  signal: Signal | null,
  now: number,
): Outcome<Cancelled> {
  const command = findCommand(session, id);
  if (isWaiting(command.state)) {
    const cancelled = endCommand(command, 'cancelled', now, { reason: cancelledByClient });
    return {
      session: settleCommand(session, cancelled),
      result: { outcome: 'cancelled', command: cancelled },
    };
  }
  if (command.state !== 'running') return { session, result: { outcome: 'ended', command } };
  if (signal === null) return { session, result: { outcome: 'running', command } };
  // A late INT must not replace a TERM that the listener has not got yet: the command may survive INT.
  const cancelSignal = chooseStronger(command.cancelSignal, signal);
  const signalled: Command = { ...command, cancelSignal, cancelCount: command.cancelCount + 1 };
  return {
    session: replaceCommand(session, signalled),
    result: { outcome: 'signalled', command: signalled },
  };
}

/**
 * Cancels a command whose stored text differs from what the client pushed: the disk was full, or the file was
 * truncated. The relay sent none of it to a listener and never will, because half a command is a different command.
 */
export function discardDamaged(session: Session, id: string, now: number): Outcome<void> {
  const command = findCommand(session, id);
  if (isEnded(command.state)) return { session, result: undefined };
  const reason = 'its text is damaged on the relay; it never ran';
  return {
    session: settleCommand(session, endCommand(command, 'cancelled', now, { reason })),
    result: undefined,
  };
}

export interface Cleared {
  cmd_queued: boolean;
  result_queued: boolean;
  cmd_was_in_flight: boolean;
}

/** Cancels waiting commands, gives up running ones, drops the unread result. The key and the listener stay valid. */
export function resetSession(session: Session, now: number): Outcome<Cleared> {
  const cleared: Cleared = {
    cmd_queued: queuedCommands(session).length > 0,
    result_queued: session.slotResult !== null,
    cmd_was_in_flight: openCommands(session.commands).some(({ state }) => isInFlight(state)),
  };
  const commands = session.commands.map((command): Command => {
    if (isWaiting(command.state))
      return endCommand(command, 'cancelled', now, { reason: 'the session was reset' });
    if (command.state !== 'running') return command;
    const lost = endCommand(command, 'lost', now, { reason: 'the session was reset' });
    return { ...lost, cancelSignal: 'TERM', cancelCount: command.cancelCount + 1 };
  });
  return { session: { ...session, commands, ...emptySlot }, result: cleared };
}
