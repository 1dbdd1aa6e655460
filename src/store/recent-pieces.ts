/** A cache of parts that were written recently: a script is sent to the listener, and output is read, soon after it arrived. */

/** The largest part that is cached: a larger one is seldom read in one piece. */
const maxPieceBytes = 64 * 1024;

/** The limit for all parts, including the overhead (`entryBytes`) of each. */
const maxBytes = 16 * 1024 * 1024;
const entryBytes = 512;

export class RecentPieces {
  /** By session, then by place, such as `c1/stdout`. The most recently written session is last. */
  readonly #sessions = new Map<string, Map<string, Buffer>>();
  #bytes = 0;

  /** Returns the cached copy, or undefined if the part is not cached. */
  put(name: string, place: string, bytes: Uint8Array): Buffer | undefined {
    this.delete(name, place);
    if (bytes.byteLength === 0 || bytes.byteLength > maxPieceBytes) return undefined;
    // A copy: bytes from the network are a slice of a larger buffer, which would stay in memory.
    const kept = Buffer.from(bytes);
    const pieces = this.#sessions.get(name) ?? new Map<string, Buffer>();
    pieces.set(place, kept);
    this.#sessions.delete(name);
    this.#sessions.set(name, pieces);
    this.#bytes += bytes.byteLength + entryBytes;
    if (this.#bytes > maxBytes) this.#makeRoom();
    return kept;
  }

  /** Evicts the parts of the least recently written session, oldest first. */
  #makeRoom(): void {
    for (const [name, pieces] of this.#sessions)
      for (const place of pieces.keys()) {
        this.delete(name, place);
        if (this.#bytes <= maxBytes) return;
      }
  }

  get(name: string, place: string): Buffer | undefined {
    return this.#sessions.get(name)?.get(place);
  }

  delete(name: string, place: string): void {
    const pieces = this.#sessions.get(name);
    const known = pieces?.get(place);
    if (!pieces || !known) return;
    this.#bytes -= known.byteLength + entryBytes;
    pieces.delete(place);
    if (pieces.size === 0) this.#sessions.delete(name);
  }

  deleteSession(name: string): void {
    for (const place of this.#sessions.get(name)?.keys() ?? []) this.delete(name, place);
  }
}
