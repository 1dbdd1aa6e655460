/** Whole files that were written a moment ago: a script is handed out, and output is read, soon after it came. */

/** Of one file: what is larger is seldom read at once. */
const maxPieceBytes = 64 * 1024;

/** Of all of them. */
const maxBytes = 16 * 1024 * 1024;

export class RecentPieces {
  /** In order of age. */
  readonly #pieces = new Map<string, Buffer>();
  #bytes = 0;

  put(path: string, bytes: Uint8Array): void {
    this.delete(path);
    if (bytes.byteLength > maxPieceBytes) return;
    // A copy: what came over the network is a part of a larger buffer.
    this.#pieces.set(path, Buffer.from(bytes));
    this.#bytes += bytes.byteLength;
    for (const [oldest] of this.#pieces) {
      if (this.#bytes <= maxBytes) return;
      this.delete(oldest);
    }
  }

  get(path: string): Buffer | undefined {
    return this.#pieces.get(path);
  }

  delete(path: string): void {
    this.#bytes -= this.#pieces.get(path)?.byteLength ?? 0;
    this.#pieces.delete(path);
  }
}
