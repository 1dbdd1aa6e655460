/** Requests of a runner: claim the next command, start it, decline it, finish it, leave the session. */
import { isInFlight, isReported, isWaiting, takesOutput } from '../protocol/command-states.ts';
import { Refusal } from '../protocol/errors.ts';
import { listenerGraceMs } from '../protocol/limits.ts';
import { type Command, endCommand } from './command.ts';
import { type Chunk, chooseAllowance, extendFlow } from './extend-flow.ts';
import { findLiveListener, attachListener, type Listener, type ListenerIdentity } from './listener.ts';
import { openCommands } from './open-commands.ts';
import {
  findCommand,
  type Outcome,
  type Piece,
  queuedCommands,
  replaceCommand,
  type Session,
} from './session.ts';
import { settleCommand } from './settle-command.ts';
import { releaseCommands } from './time.ts';

/** Attaches the listener, or throws `listener_busy` with the host of another one. Quiet if it was connected already. */
function admit(session: Session, identity: ListenerIdentity, now: number): Outcome<Listener> {
  const { listener } = session;
  if (listener?.id === identity.id) {
    if (listener.hasLeft) throw new Refusal('listener_left');
    const wasThere = listener.goneAt === null && findLiveListener(session, now) !== undefined;
    const seen: Listener = { ...listener, seenAt: now, goneAt: null };
    return { session: { ...session, listener: seen }, result: seen, quiet: wasThere };
  }
  const present = findLiveListener(session, now);
  if (present?.kind === 'runner') throw new Refusal('listener_busy', present.host);
  const taken =
    listener === null ? session : releaseCommands(session, listener.id, now, 'another listener took over');
  const attached = attachListener(identity, now);
  return { session: { ...taken, listener: attached }, result: attached };
}

/**
 * Claims the next command, undefined when there is none. A supervised listener is shown the command and must start it.
 * For an unattended listener the claim is the start. If it claims again before it sent a request about the command,
 * then the answer never reached it: it gets the command again, and no other listener does. `had` is the last command
 * that did reach it: the relay never sends that one again.
 */
export function claimNext(
  session: Session,
  identity: ListenerIdentity,
  now: number,
  had: string | null = null,
): Outcome<Command | undefined> {
  const admitted = admit(session, identity, now);
  const quiet = admitted.quiet ?? false;
  const open = openCommands(admitted.session.commands);
  const inHand = open.find((c) => isInFlight(c.state) && c.listenerId === identity.id);
  if (inHand?.state === 'awaiting_approval') return { session: admitted.session, result: inHand, quiet };
  if (inHand?.state === 'running') {
    const mayBeLost = identity.mode === 'auto' && inHand.heardAt === null && inHand.id !== had;
    if (mayBeLost && inHand.cancelCount === 0) return { session: admitted.session, result: inHand, quiet };
    // Lost, not cancelled, even without a request about it: this claim may be an old one that came late, and a result
    // may come.
    const reason = 'its listener polled for another command';
    const given = settleCommand(admitted.session, endCommand(inHand, 'lost', now, { reason }));
    return { ...claimNext(given, identity, now, had), quiet: false };
  }
  const queued = queuedCommands(admitted.session)[0];
  if (!queued) return { session: admitted.session, result: undefined, quiet };
  const shown: Command = { ...queued, listenerId: identity.id, listenerHost: identity.host, shownAt: now };
  const taken: Command =
    identity.mode === 'auto'
      ? { ...shown, state: 'running', startedAt: now }
      : { ...shown, state: 'awaiting_approval' };
  return { session: replaceCommand(admitted.session, taken), result: taken };
}

/** The command, in any state, if this listener was shown it last. Throws `not_yours` and `no_such_command`. */
export function findOwn(session: Session, id: string, listenerId: string): Command {
  const command = findCommand(session, id);
  if (command.listenerId !== listenerId) throw new Refusal('not_yours');
  return command;
}

/** Records a heartbeat of the listener. Loud when it had counted as disconnected. */
export function touchListener(session: Session, listenerId: string, now: number): Outcome<void> {
  const { listener } = session;
  if (listener?.id !== listenerId || listener.hasLeft) return { session, result: undefined };
  const back = listener.goneAt !== null;
  return {
    session: { ...session, listener: { ...listener, seenAt: now, goneAt: null } },
    result: undefined,
    quiet: !back,
  };
}

/** The operator approved: the last check before the command runs. The same listener may repeat the start. */
export function startCommand(
  session: Session,
  id: string,
  listenerId: string,
  now: number,
): Outcome<Command> {
  const { session: seen, quiet = true } = touchListener(session, listenerId, now);
  const command = findOwn(seen, id, listenerId);
  // Shown to this listener, then queued again: another listener may serve the session by now.
  const serves = seen.listener?.id === listenerId && !seen.listener.hasLeft;
  if (command.state === 'queued' && !serves) throw new Refusal('not_yours');
  const isRepeated = command.state === 'running' && command.cancelCount === 0;
  if (isRepeated) return { session: seen, result: command, quiet };
  if (!isWaiting(command.state)) throw new Refusal('not_startable', command.state);
  const started: Command = {
    ...command,
    state: 'running',
    startedAt: now,
  };
  return { session: replaceCommand(seen, started), result: started };
}

/** The listener sent a request about a running command, so the answer with the command did arrive. */
export function acknowledgeStart(
  session: Session,
  id: string,
  listenerId: string,
  now: number,
): Outcome<Command> {
  const seen = touchListener(session, listenerId, now);
  const command = findOwn(seen.session, id, listenerId);
  if (command.state !== 'running' || command.heardAt !== null) {
    return { session: seen.session, result: command, quiet: seen.quiet ?? true };
  }
  const heard: Command = { ...command, heardAt: now };
  return { session: replaceCommand(seen.session, heard), result: heard };
}

/** The operator declined. Repeatable. */
export function declineCommand(
  session: Session,
  id: string,
  listenerId: string,
  reason: string,
  now: number,
): Outcome<Command> {
  const { session: seen, quiet = true } = touchListener(session, listenerId, now);
  const command = findOwn(seen, id, listenerId);
  if (command.state === 'declined') return { session: seen, result: command, quiet };
  if (!isWaiting(command.state)) throw new Refusal('not_startable', command.state);
  const declined = endCommand(command, 'declined', now, { reason: reason === '' ? null : reason });
  return { session: settleCommand(seen, declined), result: declined };
}

export interface Finish {
  /** 0–255; 128 plus the signal number if a signal ended it, as in shells. */
  exitStatus: number;
  signal: string | null;
  /** The runner stopped it at its timeout. */
  timedOut: boolean;
  /** The rest of its output. */
  rest: readonly Chunk[];
  /** How many bytes the relay refused, as the listener counted them; null when it does not report that. */
  cut: Command['cut'];
  /** Output is missing, and the listener does not know how much. */
  isCut?: boolean;
}

/** Adds the rest of the output to the command, and collects the pieces to store. */
function takeRest(command: Command, rest: readonly Chunk[]): { command: Command; put: readonly Piece[] } {
  return rest.reduce<{ command: Command; put: readonly Piece[] }>(
    (taken, chunk) => {
      const extended = extendFlow(taken.command, chunk);
      return { command: extended.command, put: [...taken.put, ...extended.put] };
    },
    { command, put: [] },
  );
}

/**
 * Ends a run, with the rest of its output. Repeatable, and accepted late: a lost command becomes finished. Throws
 * `output_gap` when output before the rest is missing.
 */
export function finishCommand(
  session: Session,
  id: string,
  listenerId: string,
  finish: Finish,
  now: number,
): Outcome<Command> {
  const { session: seen, quiet = true } = touchListener(session, listenerId, now);
  const command = findOwn(seen, id, listenerId);
  if (isReported(command.state)) {
    return { session: seen, result: command, quiet };
  }
  if (!takesOutput(command.state)) throw new Refusal('not_startable', command.state);
  const { command: whole, put } = takeRest(command, finish.rest);
  const { exitStatus, signal, cut } = finish;
  const state = finish.timedOut ? 'timed_out' : 'finished';
  const wasRefused = whole.wasRefused || finish.isCut === true;
  const finished = endCommand({ ...whole, cut, wasRefused }, state, now, {
    exitStatus,
    signal,
    reason: null,
  });
  // The result of a lost command replaces the note about it in the result slot. Once a client has read that note, the
  // slot belongs to later commands.
  const unread = command.state === 'running' || session.slotResult === id;
  return {
    session: unread ? settleCommand(seen, finished) : replaceCommand(seen, finished),
    result: finished,
    put,
    overQuotaBytes: chooseAllowance(put),
  };
}

/** The listener or its watchdog announced its end: no grace period. */
export function leaveListener(session: Session, listenerId: string, now: number): Outcome<void> {
  const { listener } = session;
  if (listener?.id !== listenerId) return { session, result: undefined };
  const left: Session = {
    ...session,
    listener: { ...listener, goneAt: now - listenerGraceMs, hasLeft: true },
  };
  return { session: releaseCommands(left, listenerId, now, 'the listener ended'), result: undefined };
}

/** The socket of the listener closed at `closedAt`. Ignored if a request came since. */
export function detachListener(session: Session, listenerId: string, closedAt: number): Outcome<void> {
  const { listener } = session;
  const isHeard = listener !== null && listener.seenAt > closedAt;
  if (listener?.id !== listenerId || listener.goneAt !== null || isHeard)
    return { session, result: undefined };
  return { session: { ...session, listener: { ...listener, goneAt: closedAt } }, result: undefined };
}
