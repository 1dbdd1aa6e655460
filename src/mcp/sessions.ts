/** The sessions of this process: each is opened once, and replaced once after it is gone. */
import { RelayError } from '../client/relay-error.ts';
import type { CommandSource } from './command-source.ts';
import type { Host, HostSession } from './host.ts';
import { RelaySource } from './relay-source.ts';
import { isKey } from '../protocol/keys.ts';

/** A session and its commands. */
export interface Remote extends HostSession {
  source: CommandSource;
  /** Why this process created the session; null if it did not. */
  madeBecause: string | null;
}

export function isGone(error: unknown): boolean {
  return error instanceof RelayError && error.code === 'gone';
}

export class Sessions {
  readonly #host: Host;
  /** Keyed by the name in the call; empty if it had none. */
  readonly #remotes = new Map<string, Promise<Remote>>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Two names of the same session share one Remote. */
  async #findByKey(key: string | undefined): Promise<Remote | undefined> {
    if (key === undefined) return undefined;
    for (const opening of this.#remotes.values()) {
      const remote = await opening.catch(() => undefined);
      if (remote?.key === key) return remote;
    }
    return undefined;
  }

  async #equip(session: HostSession, madeBecause: string | null): Promise<Remote> {
    const { client, dialect } = session;
    const source =
      dialect === 'slots'
        ? new (await import('./slots-source.ts')).SlotsSource(client)
        : new RelaySource(client, this.#host.describedAs);
    return { ...session, source, madeBecause };
  }

  /** Concurrent calls share one promise. A failed one is removed, so that the next call tries again. */
  #keep(name: string, opening: Promise<Remote>): Promise<Remote> {
    this.#remotes.set(name, opening);
    opening.catch(() => {
      if (this.#remotes.get(name) === opening) this.#remotes.delete(name);
    });
    return opening;
  }

  async #make(name: string, because: string): Promise<Remote> {
    // A new session has a new key, so the old key cannot be its name.
    const stored = isKey(name) || name === '' ? undefined : name;
    return this.#equip(await this.#host.makeSession(stored), because);
  }

  /** The session of that name, or the current one; undefined if there is none. Throws the relay's errors, including `gone`. */
  async find(name = ''): Promise<Remote | undefined> {
    const known = this.#remotes.get(name);
    if (known) return known;
    const session = await this.#host.openSession(name === '' ? undefined : name);
    const remote = session && ((await this.#findByKey(session.key)) ?? (await this.#equip(session, null)));
    // A concurrent call may have opened it already.
    return this.#remotes.get(name) ?? (remote && this.#keep(name, Promise.resolve(remote)));
  }

  /** Like find(), but creates a session if there is none or it is gone. */
  async findOrMake(name = ''): Promise<Remote> {
    try {
      const remote = await this.find(name);
      if (remote) return remote;
    } catch (error) {
      if (!isGone(error)) throw error;
      return this.#remotes.get(name) ?? this.#keep(name, this.#make(name, 'the session was gone'));
    }
    return this.#remotes.get(name) ?? this.#keep(name, this.#make(name, 'there was no session yet'));
  }

  /** Replaces a session that is gone. Concurrent calls get the same new session. */
  async replace(name: string | undefined, old: Remote, because: string): Promise<Remote> {
    const given = name ?? '';
    const known = this.#remotes.get(given);
    if (known && (await known) !== old) return known;
    // A concurrent call may have replaced it meanwhile.
    const now = this.#remotes.get(given);
    return now && now !== known ? now : this.#keep(given, this.#make(given, because));
  }
}
