/**
 * A session: one listener, one queue, one history. Transitions are pure functions of a session and an event: no HTTP,
 * no disk, no clock; time and ids are parameters. Refusals are thrown and leave the session as it was.
 */
import { isEnded } from '../protocol/command-states.ts';
import { Refusal } from '../protocol/errors.ts';
import { maxEndedCommands } from '../protocol/limits.ts';
import type { Command } from './command.ts';
import type { Listener } from './listener.ts';
import { dropAt, openCommands, replaceAt } from './open-commands.ts';
import { noPastKeys, type PastKeys, rememberKeys } from './past-keys.ts';

export interface Session {
  /** SHA-256 of the listener key. */
  readonly name: string;
  readonly createdAt: number;
  /** Address of the client that created it, if known: its bytes count against the quota of that address. */
  readonly madeFrom: string | null;
  /** Time of the last request on the key, to the granularity of touch(). */
  readonly touchedAt: number;
  /** Counts the changes that clients can wait for. */
  readonly revision: number;
  readonly nextNumber: number;
  /** In order of arrival. */
  readonly commands: readonly Command[];
  readonly listener: Listener | null;
  /** The command whose unread result is in the slot. */
  readonly slotResult: string | null;
  /** The reader that the relay is sending the slot's result to; other readers wait. */
  readonly slotReader: SlotReader | null;
  /** The Idempotency-Keys of commands that are no longer listed. */
  readonly pastKeys: PastKeys;
}

/** The slot has no result, and so no reader has claimed one. */
export const emptySlot = { slotResult: null, slotReader: null } as const satisfies Partial<Session>;

export interface SlotReader {
  readonly id: string;
  /** When the claim of the reader expires, unless the relay renews it: the relay that serves the reader may have died. */
  readonly until: number;
}

export type Stream = 'stdout' | 'stderr';

/** Bytes with offsets: output from the listener, stdin from the client. */
export type Flow = Stream | 'stdin';

/** The bytes of a command that are stored apart from the session. */
export type Part = Flow | 'script';

/** Bytes of one part from an offset on. The session that is saved with them has the end of the part. */
export interface Piece {
  readonly id: string;
  readonly part: Part;
  /** In bytes; 0 where it is absent. */
  readonly offset?: number;
  readonly bytes: Uint8Array;
}

/** What the store must save after a transition, all of it or none. */
export interface Outcome<T> {
  /** The same object when nothing changed. */
  readonly session: Session;
  readonly result: T;
  /** Bytes that the session already counts. The store writes them before the session. */
  readonly put?: readonly Piece[];
  /**
   * A heartbeat: no client waits for it or relies on it, so it need not be durable and wakes no watcher. The store may
   * keep it in memory until the next loud change.
   */
  readonly quiet?: boolean;
  /** Saved, and wakes watchers, but not the clients that wait for the next revision: output grew. */
  readonly keepsRevision?: boolean;
  /** By how many bytes it may exceed a quota. */
  readonly overQuotaBytes?: number;
}

export function createSession(name: string, now: number, madeFrom: string | null = null): Session {
  return {
    name,
    createdAt: now,
    madeFrom,
    touchedAt: now,
    revision: 0,
    nextNumber: 1,
    commands: [],
    listener: null,
    ...emptySlot,
    pastKeys: noPastKeys,
  };
}

export function findCommand(session: Session, id: string): Command {
  const command = session.commands.findLast((candidate) => candidate.id === id);
  if (!command) throw new Refusal('no_such_command', id);
  return command;
}

export function replaceCommand(session: Session, command: Command): Session {
  const { commands } = session;
  // From the end: the newest commands are looked up most often.
  const at = commands.findLastIndex(({ id }) => id === command.id);
  return at === -1 ? session : { ...session, commands: replaceAt(commands, at, command) };
}

/** Queued commands, in the order in which they will run. */
export function queuedCommands(session: Session): readonly Command[] {
  return openCommands(session.commands).filter((command) => command.state === 'queued');
}

/** Its place in the queue, or null once it was picked up. */
export function queuePosition(session: Session, id: string): number | null {
  const position = queuedCommands(session).findIndex((command) => command.id === id);
  return position === -1 ? null : position;
}

/** Index of the command that ended first, except the one with the unread slot result; -1 when there is none. */
function findFirstEnded({ commands, slotResult }: Session): number {
  let first = -1;
  let firstEnd = Infinity;
  for (let at = 0; at < commands.length; at += 1) {
    const command = commands[at];
    const end = command?.endedAt ?? 0;
    if (!command || end >= firstEnd || !isEnded(command.state) || command.id === slotResult) continue;
    first = at;
    firstEnd = end;
  }
  return first;
}

/**
 * Forgets the commands that ended first, never one whose result is unread in the slot. Their Idempotency-Keys are
 * remembered for longer.
 */
export function trimHistory(session: Session, now: number): Session {
  let { commands, pastKeys } = session;
  const spared = session.slotResult === null ? 0 : 1;
  const countExcess = (): number =>
    commands.length - openCommands(commands).length - spared - maxEndedCommands;
  while (countExcess() > 0) {
    const at = findFirstEnded({ ...session, commands });
    const forgotten = commands[at];
    if (!forgotten) break;
    commands = dropAt(commands, at);
    pastKeys = rememberKeys(pastKeys, [forgotten], now);
  }
  return commands === session.commands ? session : { ...session, commands, pastKeys };
}
