/** A store for one process: sessions live in memory, a medium keeps them beyond it. */
import { Refusal } from '../protocol/errors.ts';
import { header } from '../protocol/headers.ts';
import type { Flow, Outcome, Session } from '../session/session.ts';
import type { Part, Store } from './store.ts';
import { Watchers } from './watchers.ts';

/** Bytes that come whole. */
export interface Piece {
  id: string;
  part: Part;
  bytes: Uint8Array;
}

/** Where bytes and sessions end up. Calls for one session never overlap. */
export interface Medium {
  load(): Promise<Session[]>;
  /** The session with these pieces, all of it or nothing. */
  save(session: Session, pieces: readonly Piece[]): Promise<void>;
  /** All of a session. */
  removeSession(name: string): Promise<void>;
  /** All bytes of a command that the session no longer has. */
  removeCommand(name: string, id: string): Promise<void>;
  /** At an offset that is not past the end. */
  write(name: string, id: string, part: Part, offset: number, bytes: Uint8Array): Promise<void>;
  read(name: string, id: string, part: Part, offset: number, maxBytes: number): Promise<Buffer>;
  size(name: string, id: string, part: Part): Promise<number>;
  /** Bytes of all parts of all commands of a session. */
  usage(name: string): number;
  /** Throws a refusal when nothing could be kept now. Calls never overlap. */
  check(): Promise<void>;
  close(): Promise<void>;
}

class LocalStore implements Store {
  readonly #medium: Medium;
  readonly #watchers = new Watchers();
  readonly #sessions: Map<string, Session>;
  /** The end of the line of changes of each session. */
  readonly #lines = new Map<string, Promise<unknown>>();
  #checking: Promise<void> | undefined;
  #isClosed = false;

  constructor(medium: Medium, sessions: Session[]) {
    this.#medium = medium;
    this.#sessions = new Map(sessions.map((session) => [session.name, session]));
  }

  #inLine<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Refusal('storage_busy'));
    const before = this.#lines.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#lines.set(name, mine);
    const leave = (): void => {
      if (this.#lines.get(name) === mine) this.#lines.delete(name);
    };
    mine.then(leave, leave);
    return mine;
  }

  #find(name: string): Session {
    const session = this.#sessions.get(name);
    if (!session) throw new Refusal('gone');
    return session;
  }

  create(session: Session): Promise<void> {
    return this.#inLine(session.name, async () => {
      await this.#medium.save(session, []);
      this.#sessions.set(session.name, session);
    });
  }

  update<T>(name: string, transition: (session: Session) => Outcome<T>): Promise<T> {
    return this.#inLine(name, async () => {
      const before = this.#find(name);
      const { session, result, put = [], quiet = false } = transition(before);
      if (session === before) return result;
      if (!quiet) await this.#medium.save(session, put);
      this.#sessions.set(name, session);
      if (!quiet) {
        this.#watchers.wake(name);
        await this.#forgetDropped(before, session);
      }
      return result;
    });
  }

  /** Bytes of commands that the session no longer remembers. A leftover costs space, not truth: errors are let go. */
  async #forgetDropped(before: Session, after: Session): Promise<void> {
    if (before.commands === after.commands) return;
    const kept = new Set(after.commands.map(({ id }) => id));
    const dropped = before.commands.filter(({ id }) => !kept.has(id));
    await Promise.allSettled(dropped.map(({ id }) => this.#medium.removeCommand(before.name, id)));
  }

  remove(name: string): Promise<void> {
    return this.#inLine(name, async () => {
      // What could not be removed is still there, and may be removed at the next try.
      await this.#medium.removeSession(name);
      if (this.#sessions.delete(name)) this.#watchers.wake(name);
    });
  }

  async has(name: string): Promise<boolean> {
    return this.#sessions.has(name);
  }

  async list(): Promise<readonly Session[]> {
    return [...this.#sessions.values()];
  }

  append(name: string, id: string, stream: Flow, offset: number, bytes: Uint8Array): Promise<number> {
    return this.#inLine(name, async () => {
      this.#find(name);
      const end = await this.#medium.size(name, id, stream);
      if (offset > end) {
        throw new Refusal('output_gap', `${stream} goes on at ${end}`, {
          [header.nextOffset]: String(end),
        });
      }
      const fresh = bytes.subarray(Math.min(bytes.byteLength, end - offset));
      if (fresh.byteLength === 0) return Math.max(end, offset + bytes.byteLength);
      await this.#medium.write(name, id, stream, end, fresh);
      this.#watchers.wake(name);
      return end + fresh.byteLength;
    });
  }

  readBytes(name: string, id: string, part: Part, offset: number, maxBytes: number): Promise<Buffer> {
    return this.#medium.read(name, id, part, offset, maxBytes);
  }

  size(name: string, id: string, part: Part): Promise<number> {
    return this.#medium.size(name, id, part);
  }

  async usage(name: string): Promise<number> {
    return this.#medium.usage(name);
  }

  watch(name: string, wake: () => void): () => void {
    return this.#watchers.watch(name, wake);
  }

  check(): Promise<void> {
    // However many ask, one is told what all are told.
    this.#checking ??= this.#medium.check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async close(): Promise<void> {
    // Whoever is still at work for a peer that was cut off comes too late: the last word is said below.
    this.#isClosed = true;
    await Promise.allSettled(this.#lines.values());
    // Signs of life that were kept in memory: worth having at the next start, not worth failing the end for.
    await Promise.allSettled([...this.#sessions.values()].map((session) => this.#medium.save(session, [])));
    await this.#medium.close();
  }
}

export async function openLocalStore(medium: Medium): Promise<Store> {
  return new LocalStore(medium, await medium.load());
}
