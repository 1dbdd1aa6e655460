/** Whole files that were written a moment ago: a script is handed out, and output is read, soon after it came. */

/** Of one file: what is larger is seldom read at once. */
const maxPieceBytes = 64 * 1024;

/** Of all of them, with what each costs beside its bytes. */
const maxBytes = 16 * 1024 * 1024;
const entryBytes = 512;

export class RecentPieces {
  /** By `NAME/c1/stdout`, in order of age. */
  readonly #pieces = new Map<string, Buffer>();
  /** The keys of each session. */
  readonly #keys = new Map<string, Set<string>>();
  #bytes = 0;

  put(name: string, place: string, bytes: Uint8Array): void {
    this.delete(name, place);
    if (bytes.byteLength === 0 || bytes.byteLength > maxPieceBytes) return;
    const key = `${name}/${place}`;
    // A copy: what came over the network is a part of a larger buffer.
    this.#pieces.set(key, Buffer.from(bytes));
    this.#keys.set(name, (this.#keys.get(name) ?? new Set()).add(place));
    this.#bytes += bytes.byteLength + entryBytes;
    for (const [oldest] of this.#pieces) {
      if (this.#bytes <= maxBytes) return;
      const slash = oldest.indexOf('/');
      this.delete(oldest.slice(0, slash), oldest.slice(slash + 1));
    }
  }

  get(name: string, place: string): Buffer | undefined {
    return this.#pieces.get(`${name}/${place}`);
  }

  delete(name: string, place: string): void {
    const key = `${name}/${place}`;
    const known = this.#pieces.get(key);
    if (!known) return;
    this.#bytes -= known.byteLength + entryBytes;
    this.#pieces.delete(key);
    const places = this.#keys.get(name);
    places?.delete(place);
    if (places?.size === 0) this.#keys.delete(name);
  }

  deleteSession(name: string): void {
    for (const place of this.#keys.get(name) ?? []) this.delete(name, place);
  }
}
