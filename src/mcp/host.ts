/** The interface that the command line gives the MCP server: streams, sessions, and texts for errors. */
import type { Readable, Writable } from 'node:stream';
import type { OpenSession } from '../client/open-session.ts';

/** Escapes untrusted bytes: keeps line ends and tabs, escapes control and invisible characters. */
export type ShowBytes = (bytes: Uint8Array) => string;

/** A session whose line to paste this client built itself. */
export interface HostSession extends OpenSession {
  /** The session key, which identifies a session that has two names. Never part of an answer. */
  key?: string;
  /** The address that the relay reports, if it differs from the one in the line. Untrusted text. */
  relayAddress?: string | undefined;
}

export interface KnownSession {
  name: string;
  url: string;
  /** Used if a call names no session. */
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
  /** Only for messages of the protocol. */
  output: Writable;
  version: string;
  /** How the remote shows this client to the operator. */
  describedAs: string;
  showBytes: ShowBytes;
  /** Message and hint for an error, with masked keys. */
  explain(error: unknown): Explained;
  /** The stored sessions. */
  listSessions(): Promise<KnownSession[]>;
  /** Opens a session by stored name or key. Without a name: the current session, or undefined if there is none. */
  openSession(name: string | undefined): Promise<HostSession | undefined>;
  /** Creates a session, with this name if one is given. The name must be free. */
  makeSession(name: string | undefined): Promise<HostSession>;
}
