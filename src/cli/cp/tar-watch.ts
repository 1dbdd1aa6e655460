/** Checks a tar archive while it arrives, to find early that it is damaged, never ends, or does not fit on the local disk. */
import { statfs } from 'node:fs/promises';
import { type Entry, extract } from 'tar-stream';

/** The most zero bytes that may end an archive; each source has its own archive. */
const maxFillBytes = 4 * 1024 * 1024;

export class TarWatch {
  readonly #archive = extract({ filenameEncoding: 'latin1' });
  readonly #folder: Buffer;
  readonly #done: Promise<void>;
  #bytes = 0;
  /** The next entry must begin before this offset. */
  #limit = maxFillBytes;
  #entries = 0;
  #problem: string | undefined;

  constructor(folder: Buffer) {
    this.#folder = folder;
    this.#done = this.#read();
  }

  async #read(): Promise<void> {
    try {
      for await (const entry of this.#archive) await this.#see(entry);
    } catch {
      this.#problem ??= 'is damaged';
    }
  }

  async #see(entry: Entry): Promise<void> {
    const { size } = entry.header;
    this.#entries++;
    this.#limit = this.#bytes + size + maxFillBytes;
    if (size > 0) {
      const { bavail, bsize } = await statfs(this.#folder);
      if (size > bavail * bsize)
        this.#problem = `has a file of ${size} bytes, which does not fit on the local disk`;
    }
    for await (const piece of entry as AsyncIterable<Buffer>) void piece;
  }

  /** The problem so far, as text that follows "the archive"; undefined if there is none. */
  async push(bytes: Buffer): Promise<string | undefined> {
    this.#bytes += bytes.byteLength;
    if (this.#bytes > this.#limit) this.#problem ??= 'does not end';
    if (this.#problem === undefined && !this.#archive.destroyed && !this.#archive.write(bytes)) {
      await new Promise<void>((resolve) => {
        this.#archive.once('drain', resolve);
        this.#archive.once('close', resolve);
      });
    }
    return this.#problem;
  }

  /** The same, after the last byte. */
  async end(): Promise<string | undefined> {
    if (this.#problem !== undefined) return this.#problem;
    if (!this.#archive.destroyed) this.#archive.end();
    await this.#done;
    return this.#problem ?? (this.#entries === 0 ? 'is empty' : undefined);
  }

  close(): void {
    this.#archive.once('error', () => undefined);
    this.#archive.destroy();
  }
}
