/** The client's side of a command's input. */
import { isEnded } from '../protocol/command-states.ts';
import { Refusal } from '../protocol/errors.ts';
import type { Command } from './command.ts';
import { findCommand, type Outcome, replaceCommand, type Session } from './session.ts';

/** The command, when it still takes input. Throws `stdin_closed` where it never did, or where it ended. */
export function findOpenStdin(session: Session, id: string): Command {
  const command = findCommand(session, id);
  if (command.stdin === 'none' || isEnded(command.state)) throw new Refusal('stdin_closed', command.state);
  return command;
}

/** Nothing follows what was sent. Repeatable. */
export function closeStdin(session: Session, id: string): Outcome<void> {
  const command = findOpenStdin(session, id);
  if (command.stdin === 'closed') return { session, result: undefined };
  return { session: replaceCommand(session, { ...command, stdin: 'closed' }), result: undefined };
}
