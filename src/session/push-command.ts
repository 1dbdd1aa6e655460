/** A client hands a command in. */
import { Refusal } from '../protocol/errors.ts';
import { maxQueuedCommands } from '../protocol/limits.ts';
import { type Command, createCommand, endCommand, type NewCommand } from './command.ts';
import { type Outcome, queuedCommands, type Session, trimHistory } from './session.ts';

function addCommand(session: Session, given: NewCommand, script: Uint8Array, now: number): Outcome<Command> {
  if (queuedCommands(session).length >= maxQueuedCommands) throw new Refusal('queue_full');
  const command = createCommand(`c${session.nextNumber}`, given, now);
  return {
    session: trimHistory({
      ...session,
      nextNumber: session.nextNumber + 1,
      commands: [...session.commands, command],
    }),
    result: command,
    put: [{ id: command.id, part: 'script', bytes: script }],
  };
}

/**
 * Through the commands resource: FIFO. The same Idempotency-Key with the same bytes is the same command, whatever became of it;
 * with other bytes `key_reused`. Throws `queue_full`.
 */
export function pushCommand(
  session: Session,
  given: NewCommand,
  script: Uint8Array,
  now: number,
): Outcome<Command> {
  const known =
    given.idempotencyKey === null
      ? undefined
      : session.commands.find((command) => command.idempotencyKey === given.idempotencyKey);
  if (!known) return addCommand(session, given, script, now);
  if (known.digest !== given.digest) throw new Refusal('key_reused');
  return { session, result: known };
}

/** Through the slot: the last write wins over an unclaimed one, and an unread result is dropped. */
export function pushToSlot(
  session: Session,
  given: NewCommand,
  script: Uint8Array,
  now: number,
): Outcome<Command> {
  const replaced: Session = {
    ...session,
    slotResult: null,
    commands: session.commands.map((command) =>
      command.origin === 'slot' && command.state === 'queued'
        ? endCommand(command, 'cancelled', now, { reason: 'replaced by a later one' })
        : command,
    ),
  };
  return addCommand(replaced, given, script, now);
}
