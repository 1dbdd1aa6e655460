/** Reads the bytes of parts from Redis, and sends segments before a commit that is too large for one script. */
import type { Command } from '../session/command.ts';
import type { Part, Piece, Session } from '../session/session.ts';
import type { RedisClient } from './redis-client.ts';
import { keysOf, placeOf, segmentBytes, segmentKey } from './redis-layout.ts';
import type { Staged } from './redis-writes.ts';
import { RecentPieces } from './recent-pieces.ts';
import { readPartScript } from './redis-scripts.ts';

/** Segments that were sent but never committed expire after this. */
const stagedSeconds = 120;

/** After a failover another command may have the same id: the digest tells their scripts apart. */
function placeOfRecent({ id, digest }: Command, part: Part): string {
  return part === 'script' ? `${id}/${digest}` : placeOf(id, part);
}

export class RedisBytes {
  readonly #client: RedisClient;
  /** Scripts never change and are mostly sent to the listener soon after they arrive; results are mostly read as soon as complete. */
  readonly #recent = new RecentPieces();
  /** For input and output: the command object of the write. While that very object is current, no later write changed the part. */
  readonly #writtenWith = new WeakMap<Buffer, Command>();

  constructor(client: RedisClient) {
    this.#client = client;
  }

  /** Caches complete parts. Call it once they are stored. */
  remember({ name, commands }: Session, put: readonly Piece[]): void {
    for (const { id, part, offset = 0, bytes } of put) {
      const command = commands.findLast((candidate) => candidate.id === id);
      if (!command || offset > 0 || command[`${part}Bytes`] !== bytes.byteLength) continue;
      const kept = this.#recent.put(name, placeOfRecent(command, part), bytes);
      if (kept && part !== 'script') this.#writtenWith.set(kept, command);
    }
  }

  #recall(name: string, command: Command, part: Part): Buffer | undefined {
    const recent = this.#recent.get(name, placeOfRecent(command, part));
    return recent && (part === 'script' || this.#writtenWith.get(recent) === command) ? recent : undefined;
  }

  forget(name: string): void {
    this.#recent.deleteSession(name);
  }

  async stage(staged: readonly Staged[]): Promise<void> {
    for (const { key, bytes } of staged) await this.#client.call('SET', key, bytes, 'EX', stagedSeconds);
  }

  /** `session`: the session in the cache of this process, if any. */
  async read(
    session: Session | undefined,
    { name, id, part }: { name: string; id: string; part: Part },
    offset: number,
    maxBytes: number,
  ): Promise<Buffer> {
    const command = session?.commands.findLast((candidate) => candidate.id === id);
    const recent = command && this.#recall(name, command, part);
    // Another process may have appended more by now: use the cached bytes only if they cover the whole range.
    if (recent && (part === 'script' || offset + maxBytes <= recent.byteLength))
      return recent.subarray(offset, offset + maxBytes);
    const pieces: Buffer[] = [];
    for (let done = 0; done < maxBytes; ) {
      const at = offset + done;
      const wanted = Math.min(maxBytes - done, segmentBytes - (at % segmentBytes));
      const piece = await this.#readSegment(name, placeOf(id, part), at, wanted);
      pieces.push(piece);
      done += piece.byteLength;
      if (piece.byteLength < wanted) break;
    }
    const [only] = pieces;
    return pieces.length === 1 && only ? only : Buffer.concat(pieces);
  }

  /** The range must not go beyond the segment. */
  #readSegment(name: string, place: string, offset: number, bytes: number): Promise<Buffer> {
    const keys = keysOf(name);
    const number = Math.floor(offset / segmentBytes);
    const segment = segmentKey(keys, place, number);
    if (number > 0) return this.#client.readRange(segment, offset % segmentBytes, bytes);
    return this.#client.runForBytes(readPartScript, [keys.parts, segment], [place, offset, bytes]);
  }
}
