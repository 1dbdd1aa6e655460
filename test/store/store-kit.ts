/** What the tests of stores are made of. */
import { onTestFinished } from 'vitest';
import { Refusal, type RefusalCode } from '../../src/protocol/errors.ts';
import { createCommand } from '../../src/session/command.ts';
import { createSession, type Outcome, type Session } from '../../src/session/session.ts';
import type { Part, Store } from '../../src/store/store.ts';

export function makeSession(name = 'a'.repeat(64)): Session {
  return createSession(name, 1_700_000_000_000);
}

/** One more loud change, counted. */
export function count(session: Session): Outcome<number> {
  const next = { ...session, revision: session.revision + 1 };
  return { session: next, result: next.revision };
}

/** A command that is pushed, with its bytes. */
export function addCommand(session: Session, script: string, id = `c${session.nextNumber}`): Outcome<string> {
  const given = {
    origin: 'commands' as const,
    scriptBytes: script.length,
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

/** The session as the store has it now. */
export function read(store: Store, name: string): Promise<Session> {
  return store.update(name, (session) => ({ session, result: session }));
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

export async function readText(store: Store, name: string, id: string, part: Part): Promise<string> {
  return (await store.readBytes(name, id, part, 0, 1_000_000)).toString();
}

/** A store that nobody else uses, with one session in it; closed when the test is over. */
export type OpenStore = () => Promise<{ store: Store; name: string }>;

export function openWith(openFresh: () => Promise<Store>): OpenStore {
  return async () => {
    const store = await openFresh();
    onTestFinished(() => store.close());
    const session = makeSession();
    await store.create(session);
    return { store, name: session.name };
  };
}
