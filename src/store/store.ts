/** What keeps sessions. Stores are dumb: they know no state machine, only its outcomes. */
import type { Flow, Outcome, Session } from '../session/session.ts';

export type Part = Flow | 'script';

export interface Store {
  /** Keeps a new session. Resolves when it would survive a crash of the relay, as far as this store survives any. */
  create(session: Session): Promise<void>;

  /**
   * One atomic update. Transitions of one session never overlap; each sees the outcome of the one before. Resolves with the
   * result once bytes and session are kept, after which watchers are woken; a quiet outcome may be kept in memory only and
   * wakes no one. What the transition throws comes through and leaves the session as it was. Throws the refusal `gone` for
   * an unknown name, `storage_full` or `storage_busy` when nothing could be kept.
   */
  update<T>(name: string, transition: (session: Session) => Outcome<T>): Promise<T>;

  /** Forgets the session and its bytes, and wakes its watchers. Unknown names are no error. */
  remove(name: string): Promise<void>;

  has(name: string): Promise<boolean>;

  /** Every session there is: for the clock, once, at the start, and for whoever counts them now and then. */
  list(): Promise<readonly Session[]>;

  /**
   * Writes output or input at an offset and resolves with the next one, once the bytes are kept. What was there already is kept once;
   * a gap is refused as `output_gap` with the expected offset. Wakes watchers when something new came.
   */
  append(name: string, id: string, stream: Flow, offset: number, bytes: Uint8Array): Promise<number>;

  /** At most `maxBytes` from an offset; empty at or past the end. */
  readBytes(name: string, id: string, part: Part, offset: number, maxBytes: number): Promise<Buffer>;

  /** Bytes kept so far; 0 for what is not there. */
  size(name: string, id: string, part: Part): Promise<number>;

  /** Bytes kept for the session in all: scripts, input and output. */
  usage(name: string): Promise<number>;

  /** Calls back after each loud change of the session or its output, and after its end; until the returned function is called. */
  watch(name: string, wake: () => void): () => void;

  /** Resolves when something could be kept now; throws `storage_full` or `storage_busy` when nothing could. Calls may overlap. */
  check(): Promise<void>;

  /** Resolves when everything is kept; no calls after it. */
  close(): Promise<void>;
}
