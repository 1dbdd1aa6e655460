/** Looks along at a tar archive while it arrives: one that is damaged, has no end, or fits on no disk here is found before it is whole. */
import { statfs } from 'node:fs/promises';
import { type Entry, extract } from 'tar-stream';

/** Archives end in at most so many zeros, each source's in its own. */
const maxFillBytes = 4 * 1024 * 1024;

export class TarWatch {
  readonly #archive = extract({ filenameEncoding: 'latin1' });
  readonly #folder: Buffer;
  readonly #done: Promise<void>;
  #bytes = 0;
  /** An entry must have begun before this many bytes. */
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
        this.#problem = `has a file of ${size} bytes, for which there is no space here`;
    }
    for await (const piece of entry as AsyncIterable<Buffer>) void piece;
  }

  /** What is wrong so far, to follow "the archive"; undefined while nothing is. */
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

  /** The same at the end. */
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
