/** Buffers stdin that was read but not sent yet, up to a bounded number of bytes. */
import { concat } from './concat.ts';
import type { InputSource } from './send-input.ts';

export class GatheredInput implements InputSource {
  readonly #most: number;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #isOver = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;
  #drained: () => void = () => undefined;

  /** Keeps reading while fewer than `maxBytes` are buffered. */
  constructor(source: AsyncIterable<Uint8Array>, maxBytes: number) {
    this.#most = maxBytes;
    void this.#readAll(source);
  }

  async #readAll(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const bytes of source) {
        if (bytes.byteLength === 0) continue;
        this.#waiting.push(bytes);
        this.#bytes += bytes.byteLength;
        this.#wake();
        while (this.#bytes >= this.#most && !this.#isOver) {
          await new Promise<void>((resolve) => {
            this.#drained = resolve;
          });
        }
        if (this.#isOver) return;
      }
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
    }
    this.#isOver = true;
    this.#wake();
  }

  /** How many bytes are buffered. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes at most `maxBytes` of the buffer; waits for the first byte. Empty at the end. Throws the source's error. */
  async take(maxBytes: number): Promise<Uint8Array> {
    while (this.#bytes === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#bytes === 0 && this.#error) throw this.#error;
    const pieces: Uint8Array[] = [];
    let room = maxBytes;
    while (room > 0) {
      const piece = this.#waiting.shift();
      if (piece === undefined) break;
      pieces.push(piece.subarray(0, room));
      if (piece.byteLength > room) this.#waiting.unshift(piece.subarray(room));
      room -= Math.min(room, piece.byteLength);
    }
    this.#bytes -= maxBytes - room;
    this.#drained();
    return concat(pieces);
  }

  /** Stops reading. */
  close(): void {
    this.#isOver = true;
    this.#drained();
    this.#wake();
  }
}
