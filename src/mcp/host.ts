/** What the command line hands to the server: its streams, its settings, its words. */
import type { Readable, Writable } from 'node:stream';
import type { OpenSession } from '../client/open-session.ts';

/** Makes untrusted bytes visible: line ends and tabs pass, all else that acts or hides is spelled out. */
export type ShowBytes = (bytes: Uint8Array) => string;

export interface Host {
  input: Readable;
  /** Belongs to the protocol. */
  output: Writable;
  version: string;
  /** What the operator is told of whoever asks. */
  describedAs: string;
  showBytes: ShowBytes;
  /** Words for an error, keys masked. */
  explain(error: unknown): { message: string; hint: string | undefined };
  /** By a stored name or a key; without one the session that is meant, or undefined where there is none. */
  openSession(name: string | undefined): Promise<OpenSession | undefined>;
  /** A new one; under this name where one is given, which must be free. */
  makeSession(name: string | undefined): Promise<OpenSession>;
}
