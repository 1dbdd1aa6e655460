/**
 * The journal: an append-only file with one change per line, each line after its own checksum. Entries that are appended together are
 * written together, and with `power` synced together. A line:
 *
 *     CRC32 {"…":…}
 */
import { rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { chunkBytes, type Entry, parseLine, readLines, renderLine } from './journal-lines.ts';
import { truncateFile } from './quick-calls.ts';
import { syncData, syncFolder, withFile, writeAll, writeInto } from './write-file.ts';

export type Durability = 'process' | 'power';

/** Below this size the journal is not rewritten. */
const smallestBytes = 8 * 1024 * 1024;

/** At start it is rewritten if it has more than this many times the entries that a snapshot needs. */
const longFactor = 2;

/** It is rewritten when it has grown to this many times its size after the last rewrite. */
const growth = 4;

/** Joins buffers without a copy if there is only one, which is the usual case. */
function join(buffers: readonly Buffer[]): Buffer {
  const [only] = buffers;
  return only && buffers.length === 1 ? only : Buffer.concat(buffers);
}

/** Joins lines into buffers of at least `chunkBytes`, so that each write is large. */
function* gather(entries: Iterable<Entry>): Generator<Buffer> {
  let lines: Buffer[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const line = renderLine(entry);
    lines.push(line);
    bytes += line.byteLength;
    if (bytes < chunkBytes) continue;
    yield Buffer.concat(lines);
    lines = [];
    bytes = 0;
  }
  yield Buffer.concat(lines);
}

interface Waiting {
  bytes: Buffer;
  keep: () => void;
  resolve: () => void;
  reject: (error: unknown) => void;
}

export interface JournalOptions {
  path: string;
  durability: Durability;
  /** The first entry of an empty journal. */
  head?: Entry;
  /** The current content of the journal in as few entries as possible; the first is `head`. */
  snapshot: () => Iterable<Entry>;
  /** How many entries a snapshot has. */
  countSnapshot: () => number;
  /** Logs a problem that does not stop the relay. */
  warn: (text: string) => void;
}

export class Journal {
  readonly #options: JournalOptions;
  /** The end of the last complete line. */
  #size: number;
  /** Bytes after `#size` belong to a failed write; truncate them before writing again. */
  #isTorn = false;
  /** The rename of a rewritten journal is not synced yet. */
  #isNameFresh = false;
  /** Some lines could not be read. */
  readonly isDamaged: boolean;
  #rewriteAt = smallestBytes;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;

  private constructor(options: JournalOptions, size: number, isDamaged: boolean) {
    this.#options = options;
    this.#size = size;
    this.isDamaged = isDamaged;
  }

  /**
   * Passes each entry to `take` in order, truncates a last line that a crash left unfinished, and resolves with the journal, ready for
   * appends. A damaged line before the last is skipped with a warning: each later line has all that it needs. `finishReading` is called
   * after the last entry and returns whether the journal has an older format: if so, it is rewritten before anything else.
   */
  static async open(
    options: JournalOptions,
    take: (entry: Entry) => void,
    finishReading: () => boolean = () => false,
  ): Promise<Journal> {
    const { path, warn, durability } = options;
    await unlink(`${path}.new`).catch(() => undefined);
    let size = 0;
    let entries = 0;
    let damaged = 0;
    let isDamaged = false;
    await withFile(path, 'readOrCreate', async (file) => {
      for await (const { line, end } of readLines(file)) {
        const entry = parseLine(line);
        if (!entry) {
          damaged += 1;
          continue;
        }
        if (damaged > 0) {
          warn(`the journal is damaged: skipped ${damaged} unreadable lines`);
          isDamaged = true;
        }
        damaged = 0;
        size = end;
        entries += 1;
        take(entry);
      }
      await truncateFile(file, size);
      if (durability === 'power') await syncData(file);
    });
    if (durability === 'power') await syncFolder(dirname(path));
    const journal = new Journal(options, size, isDamaged);
    const isOldFormat = finishReading();
    const isLong = size > smallestBytes && entries > longFactor * options.countSnapshot();
    if (size === 0 || isLong || isOldFormat) await journal.#rewrite(isOldFormat);
    else journal.#rewriteAt = Math.max(smallestBytes, size * longFactor);
    return journal;
  }

  /** Appends the entries, all or none. `keep` is called just before the promise resolves, and before anything else is written. */
  append(entries: readonly Entry[], keep: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes: join(entries.map(renderLine)), keep, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Entries that were appended in the same turn of the event loop are written together.
      await nextTurn();
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(join(group.map(({ bytes }) => bytes)));
        for (const { keep, resolve } of group) {
          keep();
          resolve();
        }
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
      if (this.#size > this.#rewriteAt) await this.#rewrite();
    }
    this.#flushing = undefined;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#isTorn) await this.#repair();
    const { path, durability, head } = this.#options;
    if (this.#isNameFresh) await this.#syncName();
    const whole = this.#size === 0 && head ? Buffer.concat([renderLine(head), bytes]) : bytes;
    // Complete lines of a group whose write failed must not be read by the next start.
    this.#isTorn = true;
    // Opened for each write, so that writes work again after the disk was gone or read-only for a while.
    const options = { flags: 'write', isSynced: durability === 'power' } as const;
    await writeInto(path, this.#size, whole, options).catch(async (error: unknown) => {
      await this.#repair().catch(() => undefined);
      throw error;
    });
    // Only now, as close() may fail too.
    this.#isTorn = false;
    this.#size += whole.byteLength;
  }

  async #repair(): Promise<void> {
    await withFile(this.#options.path, 'write', async (file) => truncateFile(file, this.#size));
    this.#isTorn = false;
  }

  /** Replaces the journal with a file that has only a snapshot. If that fails, the relay continues to use the long file. */
  async #rewrite(isNeeded = false): Promise<void> {
    const { path, snapshot, warn, durability } = this.#options;
    const fresh = `${path}.new`;
    let size = 0;
    try {
      await withFile(fresh, 'writeOrCreate', async (file) => {
        await truncateFile(file, 0);
        for (const bytes of gather(snapshot())) {
          await writeAll(file, size, bytes);
          size += bytes.byteLength;
        }
        // Without this a power cut could leave the new file under this name with nothing in it.
        await syncData(file);
      });
      await rename(fresh, path);
      // From here on this is the journal, even if a later step fails.
      this.#size = size;
      this.#isTorn = false;
      this.#rewriteAt = Math.max(smallestBytes, size * growth);
      this.#isNameFresh = durability === 'power';
    } catch (error) {
      // Entries of the current format must not follow those of another one.
      if (isNeeded) throw error;
      await unlink(fresh).catch(() => undefined);
      this.#rewriteAt = this.#size * 2;
      warn('cannot compact the journal; continuing with the long one');
    }
  }

  /** Must run before the next acknowledgement: a power cut could bring back the old file under this name. */
  async #syncName(): Promise<void> {
    await syncFolder(dirname(this.#options.path));
    this.#isNameFresh = false;
  }

  async close(): Promise<void> {
    await this.#flushing;
  }
}
