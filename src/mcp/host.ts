/** What the command line hands to the server: its streams, its settings, its words. */
import type { Readable, Writable } from 'node:stream';
import type { OpenSession } from '../client/open-session.ts';

/** Makes untrusted bytes visible: line ends and tabs pass, all else that acts or hides is spelled out. */
export type ShowBytes = (bytes: Uint8Array) => string;

/** A session whose line to paste was built here. */
export interface HostSession extends OpenSession {
  /** The same for two names of one session. It is the session key: never in an answer. */
  key?: string;
  /** The address that the relay gives for itself where it is another one than the line has. Untrusted text. */
  relayAddress?: string | undefined;
}

export interface KnownSession {
  name: string;
  url: string;
  /** Used where a call names no session. */
  isCurrent: boolean;
}

export interface Explained {
  message: string;
  hint: string | undefined;
  /** See cli/failure-codes.ts. */
  code: string;
}

export interface Host {
  input: Readable;
  /** Belongs to the protocol. */
  output: Writable;
  version: string;
  /** What the operator reads about this client. */
  describedAs: string;
  showBytes: ShowBytes;
  /** Words for an error, keys masked. */
  explain(error: unknown): Explained;
  /** The stored ones. */
  listSessions(): Promise<KnownSession[]>;
  /** By a stored name or a key; without one the current session, or undefined where there is none. */
  openSession(name: string | undefined): Promise<HostSession | undefined>;
  /** A new one; under this name where one is given, which must be free. */
  makeSession(name: string | undefined): Promise<HostSession>;
}
