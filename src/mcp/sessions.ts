/** The sessions that this process works with: opened once, replaced once when they are gone. */
import type { OpenSession } from '../client/open-session.ts';
import { RelayError } from '../client/relay-error.ts';
import type { CommandSource } from './command-source.ts';
import type { Host } from './host.ts';
import { RelaySource } from './relay-source.ts';

/** A session and its commands. */
export interface Remote extends OpenSession {
  source: CommandSource;
  /** Why it was made, where this process made it. */
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

  async #equip(session: OpenSession, madeBecause: string | null): Promise<Remote> {
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
    // A key is no name for its successor.
    const stored = /^[0-9a-f]{32}$/.test(name) || name === '' ? undefined : name;
    return this.#equip(await this.#host.makeSession(stored), because);
  }

  /** The one that is meant, if there is one. Throws what its relay says, `gone` included. */
  async find(name = ''): Promise<Remote | undefined> {
    const known = this.#remotes.get(name);
    if (known) return known;
    const opening = this.#host
      .openSession(name === '' ? undefined : name)
      .then((session) => session && this.#equip(session, null));
    const remote = await opening;
    // Another call may have been faster.
    return this.#remotes.get(name) ?? (remote && this.#keep(name, Promise.resolve(remote)));
  }

  /** The one that is meant, or a new one. */
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

  /** In place of one that is gone. Whoever comes second gets what the first one made. */
  async replace(name: string | undefined, old: Remote, because: string): Promise<Remote> {
    const given = name ?? '';
    const known = this.#remotes.get(given);
    if (known && (await known) !== old) return known;
    // What was replaced meanwhile is not replaced again.
    const now = this.#remotes.get(given);
    return now && now !== known ? now : this.#keep(given, this.#make(given, because));
  }
}
