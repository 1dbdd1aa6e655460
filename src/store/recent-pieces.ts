/** Whole files that were written a moment ago: a script is handed out, and output is read, soon after it came. */

/** Of one file: what is larger is seldom read at once. */
const maxPieceBytes = 64 * 1024;

/** Of all of them, with what each costs beside its bytes. */
const maxBytes = 16 * 1024 * 1024;
const entryBytes = 512;

export class RecentPieces {
  /** By session, and then by a place like `c1/stdout`. The session that was written to last is last. */
  readonly #sessions = new Map<string, Map<string, Buffer>>();
  #bytes = 0;

  /** Returns what is kept, where it is. */
  put(name: string, place: string, bytes: Uint8Array): Buffer | undefined {
    this.delete(name, place);
    if (bytes.byteLength === 0 || bytes.byteLength > maxPieceBytes) return undefined;
    // A copy: what came over the network is a part of a larger buffer.
    const kept = Buffer.from(bytes);
    const pieces = this.#sessions.get(name) ?? new Map<string, Buffer>();
    pieces.set(place, kept);
    this.#sessions.delete(name);
    this.#sessions.set(name, pieces);
    this.#bytes += bytes.byteLength + entryBytes;
    if (this.#bytes > maxBytes) this.#makeRoom();
    return kept;
  }

  /** Of the session that was not written to for longest, its oldest first. */
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
