/** The sessions that this process works with: opened once, replaced once when they are gone. */
import { RelayError } from '../client/relay-error.ts';
import type { CommandSource } from './command-source.ts';
import type { Host, HostSession } from './host.ts';
import { RelaySource } from './relay-source.ts';
import { isKey } from '../protocol/keys.ts';

/** A session and its commands. */
export interface Remote extends HostSession {
  source: CommandSource;
  /** Why it was created, where this process created it. */
  madeBecause: string | null;
}

export function isGone(error: unknown): boolean {
  return error instanceof RelayError && error.code === 'gone';
}

export class Sessions {
  readonly #host: Host;
  /** By the name that a call gave; empty for none. */
  readonly #remotes = new Map<string, Promise<Remote>>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** One session has one remote, whichever of its names a call gives. */
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

  /** Calls at the same time share one; a failure is not kept. */
  #keep(name: string, opening: Promise<Remote>): Promise<Remote> {
    this.#remotes.set(name, opening);
    opening.catch(() => {
      if (this.#remotes.get(name) === opening) this.#remotes.delete(name);
    });
    return opening;
  }

  async #make(name: string, because: string): Promise<Remote> {
    // A new session has another key: the old one cannot name it.
    const stored = isKey(name) || name === '' ? undefined : name;
    return this.#equip(await this.#host.makeSession(stored), because);
  }

  /** The session of that name, or the current one; undefined where there is none. Throws the relay's errors, `gone` included. */
  async find(name = ''): Promise<Remote | undefined> {
    const known = this.#remotes.get(name);
    if (known) return known;
    const session = await this.#host.openSession(name === '' ? undefined : name);
    const remote = session && ((await this.#findByKey(session.key)) ?? (await this.#equip(session, null)));
    // Another call may have been faster.
    return this.#remotes.get(name) ?? (remote && this.#keep(name, Promise.resolve(remote)));
  }

  /** The same, or a new one. */
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

  /** A new session for one that is gone. Calls that ask for it at the same time get the same one. */
  async replace(name: string | undefined, old: Remote, because: string): Promise<Remote> {
    const given = name ?? '';
    const known = this.#remotes.get(given);
    if (known && (await known) !== old) return known;
    // Another call may have replaced it meanwhile.
    const now = this.#remotes.get(given);
    return now && now !== known ? now : this.#keep(given, this.#make(given, because));
  }
}
