/** Helpers for store tests: sessions, transitions, and functions that read parts. */
import { onTestFinished } from 'vitest';
import { Refusal, type RefusalCode } from '../../src/protocol/errors.ts';
import { createCommand } from '../../src/session/command.ts';
import { extendFlow } from '../../src/session/extend-flow.ts';
import {
  createSession,
  findCommand,
  type Flow,
  type Outcome,
  type Part,
  replaceCommand,
  type Session,
} from '../../src/session/session.ts';
import type { AccountLimits, DueAt, Store } from '../../src/store/store.ts';

export function makeSession(name = 'a'.repeat(64), madeFrom: string | null = null): Session {
  return createSession(name, 1_700_000_000_000, madeFrom);
}

/** A session name of one repeated digit or letter. */
export function nameOf(letter: string): string {
  return letter.repeat(64);
}

/** A loud change; the result is the number of changes so far. */
export function count(session: Session): Outcome<number> {
  const next = { ...session, revision: session.revision + 1 };
  return { session: next, result: next.revision };
}

/** Pushes a command with its script; the result is its id. */
export function addCommand(session: Session, script: string, id = `c${session.nextNumber}`): Outcome<string> {
  const given = {
    origin: 'commands' as const,
    scriptBytes: Buffer.byteLength(script),
    digest: '',
    idempotencyKey: null,
    merge: false,
    stdin: 'none' as const,
    timeoutSeconds: 0,
    queueSeconds: null,
    pushedBy: null,
  };
  const commands = [...session.commands, createCommand(id, given, 0)];
  return {
    session: { ...session, nextNumber: session.nextNumber + 1, commands },
    result: id,
    put: [{ id, part: 'script', bytes: Buffer.from(script) }],
  };
}

/** Pushes a command to the store; resolves with its id. */
export async function push(store: Store, name: string, script: string, id?: string): Promise<string> {
  return (await store.update(name, (session) => addCommand(session, script, id))).result;
}

/** Writes bytes of a flow at an offset; the result is the next offset. Throws `output_gap`. */
export function extend(
  session: Session,
  id: string,
  flow: Flow,
  offset: number,
  bytes: Uint8Array,
): Outcome<number> {
  const known = findCommand(session, id);
  const { command, put, next } = extendFlow(known, { flow, offset, bytes });
  return command === known
    ? { session, result: next }
    : { session: replaceCommand(session, command), result: next, put };
}

/** An update that extends a flow; resolves with the next offset. */
export async function append(
  store: Store,
  name: string,
  id: string,
  flow: Flow,
  offset: number,
  bytes: Uint8Array | string,
  limits?: AccountLimits,
): Promise<number> {
  const given = Buffer.from(bytes);
  return (await store.update(name, (session) => extend(session, id, flow, offset, given), limits)).result;
}

/** The size of a part according to the session; 0 for a command that it does not list. */
export function partBytes(session: Session, id: string, part: Part): number {
  const command = session.commands.find((candidate) => candidate.id === id);
  if (command === undefined) return 0;
  if (part === 'script') return command.scriptBytes;
  return command.isEvicted ? 0 : command[`${part}Bytes`];
}

/** The text that a reader gets: the part up to its size in the session. */
export async function readText(store: Store, name: string, id: string, part: Part): Promise<string> {
  const size = partBytes(await store.read(name), id, part);
  return (await store.readBytes(name, id, part, 0, size)).toString();
}

/** All bytes of a part in the store, including those after its size in the session. */
export async function readStored(store: Store, name: string, id: string, part: Part): Promise<string> {
  return (await store.readBytes(name, id, part, 0, 1_000_000)).toString();
}

export async function refusalOf(attempt: Promise<unknown>): Promise<RefusalCode | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

/** Opens an empty store that no other test uses. */
export type OpenFresh = (dueAt?: DueAt) => Promise<Store>;

/** Opens a store with one session; it is closed after the test. */
export type OpenStore = (dueAt?: DueAt) => Promise<{ store: Store; name: string }>;

export function openWith(openFresh: OpenFresh): OpenStore {
  return async (dueAt) => {
    const store = await openFresh(dueAt);
    onTestFinished(() => store.close());
    const session = makeSession();
    await store.create(session);
    return { store, name: session.name };
  };
}
