/** Closes the stdin of a command, for its client. */
import { isEnded } from '../protocol/command-states.ts';
import { Refusal } from '../protocol/errors.ts';
import type { Command } from './command.ts';
import { findCommand, type Outcome, replaceCommand, type Session } from './session.ts';

/** Returns the command. Throws `stdin_closed` if it was pushed without stdin, or has ended. */
export function findOpenStdin(session: Session, id: string): Command {
  const command = findCommand(session, id);
  if (command.stdin === 'none' || isEnded(command.state)) throw new Refusal('stdin_closed', command.state);
  return command;
}

/** The client sends no more stdin. Repeatable. */
export function closeStdin(session: Session, id: string): Outcome<void> {
  const command = findOpenStdin(session, id);
  if (command.stdin === 'closed') return { session, result: undefined };
  return { session: replaceCommand(session, { ...command, stdin: 'closed' }), result: undefined };
}
