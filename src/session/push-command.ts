/** Adds the command of a client to the queue. */
import { Refusal } from '../protocol/errors.ts';
import { maxQueuedCommands } from '../protocol/limits.ts';
import { type Command, createCommand, endCommand, type NewCommand } from './command.ts';
import { appendCommand } from './open-commands.ts';
import { findPastKey, hasRoomForKey, type PastKey } from './past-keys.ts';
import { emptySlot, type Outcome, queuedCommands, type Session, trimHistory } from './session.ts';

function addCommand(session: Session, given: NewCommand, script: Uint8Array, now: number): Outcome<Command> {
  if (queuedCommands(session).length >= maxQueuedCommands) throw new Refusal('queue_full');
  const command = createCommand(`c${session.nextNumber}`, given, now);
  return {
    session: trimHistory(
      { ...session, nextNumber: session.nextNumber + 1, commands: appendCommand(session.commands, command) },
      now,
    ),
    result: command,
    put: [{ id: command.id, part: 'script', bytes: script }],
  };
}

/** Rebuilds a command that the session no longer lists, from what its key remembers. */
function recallCommand(past: PastKey): Command {
  const { id, digest, idempotencyKey, scriptBytes, pushedBy } = past;
  const given = { id, digest, idempotencyKey, scriptBytes, pushedBy, origin: 'commands' as const };
  const options = { merge: false, stdin: 'none' as const, timeoutSeconds: 0, queueSeconds: null };
  const { state, exitStatus, signal, startedAt, endedAt, stdoutBytes, stderrBytes, cut } = past;
  const command = createCommand(id, { ...given, ...options }, past.pushedAt);
  const sizes = { stdoutBytes, stderrBytes, cut, isEvicted: true };
  return { ...command, state, exitStatus, signal, startedAt, endedAt, ...sizes };
}

/** The command of this Idempotency-Key, listed or not. */
function findByKey(session: Session, key: string): Command | undefined {
  const listed = session.commands.findLast((command) => command.idempotencyKey === key);
  if (listed) return listed;
  const past = findPastKey(session.pastKeys, key);
  return past && recallCommand(past);
}

/**
 * Through the commands resource: FIFO. The same Idempotency-Key with the same bytes is the same command, in any state.
 * Throws `key_reused` for other bytes, `queue_full`, or `too_many_keys` when the key could not be remembered for long
 * enough.
 */
export function pushCommand(
  session: Session,
  given: NewCommand,
  script: Uint8Array,
  now: number,
): Outcome<Command> {
  const known = given.idempotencyKey === null ? undefined : findByKey(session, given.idempotencyKey);
  if (!known) {
    if (given.idempotencyKey !== null && !hasRoomForKey(session.pastKeys, now))
      throw new Refusal('too_many_keys');
    return addCommand(session, given, script, now);
  }
  if (known.digest !== given.digest) throw new Refusal('key_reused');
  return { session, result: known };
}

/** Through the slot: cancels an earlier slot command that is still queued, and drops an unread result. */
export function pushToSlot(
  session: Session,
  given: NewCommand,
  script: Uint8Array,
  now: number,
): Outcome<Command> {
  const replaced: Session = {
    ...session,
    ...emptySlot,
    commands: session.commands.map((command) =>
      command.origin === 'slot' && command.state === 'queued'
        ? endCommand(command, 'cancelled', now, { reason: 'replaced by a later command' })
        : command,
    ),
  };
  return addCommand(replaced, given, script, now);
}
