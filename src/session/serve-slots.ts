/** The two slots of the original remotify.run API, for clients and listeners that know no command ids. */
import { cancelledByClient, isWaiting } from '../protocol/command-states.ts';
import { slotReaderMs, slotReplacedMs } from '../protocol/limits.ts';
import { parseSlotText } from '../protocol/slot-text.ts';
import { type Command, createCommand, endCommand, type NewCommand } from './command.ts';
import { chooseAllowance } from './extend-flow.ts';
import { findLiveListener, attachListener, slotListenerId } from './listener.ts';
import { appendCommand, openCommands } from './open-commands.ts';
import { emptySlot, type Outcome, queuedCommands, replaceCommand, type Session } from './session.ts';
import { touchListener } from './serve-listener.ts';
import { settleCommand } from './settle-command.ts';
import { releaseCommands } from './time.ts';

/** Placeholder command for a posted result that belongs to no command. */
const strayResult: NewCommand = {
  origin: 'slot',
  scriptBytes: 0,
  digest: '',
  idempotencyKey: null,
  pushedBy: null,
  merge: true,
  stdin: 'none',
  timeoutSeconds: 0,
  queueSeconds: null,
};

function slotRuns(session: Session): readonly Command[] {
  return openCommands(session.commands).filter(
    (c) => c.state === 'running' && c.listenerId === slotListenerId,
  );
}

/** A poll of `GET /cmd`. Long after a pickup it comes from another listener: the command in flight is lost. */
export function pollSlot(session: Session, now: number): Outcome<void> {
  const { listener } = session;
  if (findLiveListener(session, now)?.kind === 'runner') return { session, result: undefined };
  const stale = slotRuns(session).some((command) => now - (command.startedAt ?? now) >= slotReplacedMs);
  const healed = stale
    ? releaseCommands(
        session,
        slotListenerId,
        now,
        'the listener was replaced while the command ran; its result is unknown',
      )
    : session;
  if (listener?.id === slotListenerId) {
    return {
      session: { ...healed, listener: { ...listener, seenAt: now, goneAt: null } },
      result: undefined,
      quiet: !stale,
    };
  }
  const identity = {
    id: slotListenerId,
    kind: 'slot',
    host: 'unknown',
    user: 'unknown',
    mode: 'unknown',
  } as const;
  return { session: { ...healed, listener: attachListener(identity, now) }, result: undefined };
}

/**
 * Takes the next command for a poll of the slot, even while an earlier one is in flight: a listener that polls runs
 * none. Takes nothing while a runner is attached.
 */
export function takeFromSlot(session: Session, now: number): Outcome<Command | undefined> {
  const queued = queuedCommands(session)[0];
  if (!queued || findLiveListener(session, now)?.kind === 'runner') return { session, result: undefined };
  const released = releaseCommands(session, slotListenerId, now, 'its listener polled for another command');
  const taken: Command = {
    ...queued,
    state: 'running',
    listenerId: slotListenerId,
    shownAt: now,
    startedAt: now,
  };
  return { session: replaceCommand(released, taken), result: taken };
}

/** The bytes of a command never left the relay: it did not start, and is queued again. */
export function returnToSlot(session: Session, id: string, now: number): Outcome<void> {
  const command = slotRuns(session).find((candidate) => candidate.id === id);
  if (!command) return { session, result: undefined };
  if (command.cancelCount > 0) {
    const cancelled = endCommand(command, 'cancelled', now, { reason: cancelledByClient });
    return { session: settleCommand(session, cancelled), result: undefined };
  }
  const queued: Command = { ...command, state: 'queued', listenerId: null, shownAt: null, startedAt: null };
  return { session: replaceCommand(session, queued), result: undefined };
}

/** `DELETE /cmd`: cancels slot commands that have not started. */
export function dropFromSlot(session: Session, now: number): Outcome<void> {
  const dropped = openCommands(session.commands).filter(
    (command) => command.origin === 'slot' && isWaiting(command.state),
  );
  if (dropped.length === 0) return { session, result: undefined };
  return {
    session: dropped.reduce(
      (rest, command) =>
        replaceCommand(rest, endCommand(command, 'cancelled', now, { reason: 'dropped by DELETE /cmd' })),
      session,
    ),
    result: undefined,
  };
}

/** Ends the command of a legacy listener with the result that it posted. */
function readPostedResult(command: Command, posted: Buffer, now: number): { ended: Command; output: Buffer } {
  if (command.origin === 'slot') return { ended: endCommand(command, 'finished', now), output: posted };
  // The relay sent this command wrapped, so that the posted text reports how it ended.
  const { output, exitStatus, declined, note } = parseSlotText(posted);
  if (declined) return { ended: endCommand(command, 'declined', now, { reason: note || null }), output };
  return { ended: endCommand(command, 'finished', now, { exitStatus }), output };
}

/** `POST /result`: ends the command in flight. Without one it still fills the result slot. */
export function postToSlot(session: Session, posted: Buffer, now: number): Outcome<Command> {
  const running = slotRuns(session).at(-1);
  const command = running ?? createCommand(`c${session.nextNumber}`, strayResult, now);
  const known: Session = running
    ? touchListener(session, slotListenerId, now).session
    : { ...session, nextNumber: session.nextNumber + 1, commands: appendCommand(session.commands, command) };
  const { ended, output } = readPostedResult(command, posted, now);
  const put = [{ id: ended.id, part: 'stdout' as const, bytes: output }];
  return {
    session: settleCommand(known, { ...ended, stdoutBytes: output.byteLength }),
    result: ended,
    put,
    overQuotaBytes: chooseAllowance(put),
  };
}

/** The command whose unread result fills the slot. */
export function peekResult(session: Session): Command | undefined {
  const { slotResult, commands } = session;
  return slotResult === null ? undefined : commands.findLast((command) => command.id === slotResult);
}

/** Claims the unread result for this reader; undefined when there is none, or another reader has claimed it. */
export function claimResult(session: Session, readerId: string, now: number): Outcome<Command | undefined> {
  const { slotReader } = session;
  const command = peekResult(session);
  if (!command || (slotReader !== null && slotReader.id !== readerId)) return { session, result: undefined };
  const reader = { id: readerId, until: now + slotReaderMs };
  return { session: { ...session, slotReader: reader }, result: command, keepsRevision: true };
}

/** Extends the claim of a reader that is still connected. */
export function renewClaim(session: Session, readerId: string, now: number): Outcome<void> {
  if (session.slotReader?.id !== readerId) return { session, result: undefined };
  const reader = { id: readerId, until: now + slotReaderMs };
  return { session: { ...session, slotReader: reader }, result: undefined, keepsRevision: true };
}

/** The reader disconnected before it had the whole result: the next reader gets it. */
export function releaseResult(session: Session, readerId: string): Outcome<void> {
  if (session.slotReader?.id !== readerId) return { session, result: undefined };
  return { session: { ...session, slotReader: null }, result: undefined, keepsRevision: true };
}

/** Empties the slot: this reader has the whole result, or a client dropped it (null). A newer result stays. */
export function takeResult(session: Session, readerId: string | null): Outcome<void> {
  if (session.slotResult === null || (readerId !== null && session.slotReader?.id !== readerId))
    return { session, result: undefined };
  return { session: { ...session, ...emptySlot }, result: undefined };
}
