/**
 * One listener, one queue, one history. Transitions are pure functions of a session and an event: they know no HTTP, no disk
 * and no clock; time and ids are handed in. Refusals are thrown and leave the session as it was.
 */
import { isEnded } from '../protocol/command-states.ts';
import { Refusal } from '../protocol/errors.ts';
import { maxEndedCommands } from '../protocol/limits.ts';
import type { Command } from './command.ts';
import type { Listener } from './listener.ts';

export interface Session {
  /** SHA-256 of the listener key. */
  readonly name: string;
  readonly createdAt: number;
  /** The address that asked for it, as far as that is known: whose quota its bytes count against. */
  readonly madeFrom: string | null;
  /** Last request on the key, to the granularity of touch(). */
  readonly touchedAt: number;
  /** Counts the changes that someone may wait for. */
  readonly revision: number;
  readonly nextNumber: number;
  /** In order of arrival. */
  readonly commands: readonly Command[];
  readonly listener: Listener | null;
  /** The command whose result fills the slot, unread. */
  readonly slotResult: string | null;
}

export type Stream = 'stdout' | 'stderr';

/** Bytes that come at offsets: output from the listener, input from the client. */
export type Flow = Stream | 'stdin';

/** What a transition asks of the store, all of it or none. */
export interface Outcome<T> {
  /** The same object when nothing changed. */
  readonly session: Session;
  readonly result: T;
  /** Bytes that must be stored before the session is. */
  readonly put?: readonly { id: string; part: Stream | 'script'; bytes: Uint8Array }[];
  /**
   * Nobody waits for this change and nobody was promised it: a sign of life. The store may keep it in memory until the next
   * loud one, and wakes no one.
   */
  readonly quiet?: boolean;
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
    slotResult: null,
  };
}

export function findCommand(session: Session, id: string): Command {
  const command = session.commands.find((candidate) => candidate.id === id);
  if (!command) throw new Refusal('no_such_command', id);
  return command;
}

export function replaceCommand(session: Session, command: Command): Session {
  return {
    ...session,
    commands: session.commands.map((candidate) => (candidate.id === command.id ? command : candidate)),
  };
}

/** Commands that wait, in the order in which they will run. */
export function queuedCommands(session: Session): readonly Command[] {
  return session.commands.filter((command) => command.state === 'queued');
}

/** Its place in the queue, or null once it was picked up. */
export function queuePosition(session: Session, id: string): number | null {
  const position = queuedCommands(session).findIndex((command) => command.id === id);
  return position === -1 ? null : position;
}

/** Forgets the commands that ended first, never one whose result is unread in the slot. */
export function trimHistory(session: Session): Session {
  const ended = session.commands
    .filter((command) => isEnded(command.state) && command.id !== session.slotResult)
    .toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  const dropped = new Set(ended.slice(0, Math.max(0, ended.length - maxEndedCommands)).map(({ id }) => id));
  if (dropped.size === 0) return session;
  return { ...session, commands: session.commands.filter(({ id }) => !dropped.has(id)) };
}
