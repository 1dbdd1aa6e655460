/**
 * A file that only grows: one change a line, each line behind its own checksum. What is appended together is written together,
 * and with `power` synced together. Its text:
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

/** At the start it is rewritten if it has so many times the entries that it needs. */
const longFactor = 2;

/** Rewritten once it has grown to so many times its size after the last rewriting. */
const growth = 4;

/** As one; mostly it is one already. */
function join(buffers: readonly Buffer[]): Buffer {
  const [only] = buffers;
  return only && buffers.length === 1 ? only : Buffer.concat(buffers);
}

/** Lines in pieces that are worth a write. */
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
  /** All that the journal says so far, in as few entries as can be; the first is `head`. */
  snapshot: () => Iterable<Entry>;
  /** How many entries a snapshot has. */
  countSnapshot: () => number;
  /** Something is wrong that does not stop the relay. */
  warn: (text: string) => void;
}

export class Journal {
  readonly #options: JournalOptions;
  /** The end of the last whole line. */
  #size: number;
  /** Bytes after `#size` belong to a failed write; truncate them before writing again. */
  #isTorn = false;
  /** The new name of a journal that was told anew is not synced yet. */
  #isNameFresh = false;
  /** Not all that was written could be read. */
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
   * Hands over each entry in order, cuts off a last one that a crash left unfinished, and resolves with the journal, ready to
   * grow. A damaged line before the last is passed over, with a warning: later ones say all that they need. `finishReading` is called
   * after the last entry, and tells whether the journal is of an older format: then it is written anew before anything else.
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
          warn(`the journal is damaged: ${damaged} of its lines cannot be read and are passed over`);
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

  /** Resolves once the entries are kept, all of them or none; `keep` is called just before, and before anything else is written. */
  append(entries: readonly Entry[], keep: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes: join(entries.map(renderLine)), keep, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What the requests of one turn append is written together.
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
    if (this.#isTorn) await this.#mend();
    const { path, durability, head } = this.#options;
    if (this.#isNameFresh) await this.#syncName();
    const whole = this.#size === 0 && head ? Buffer.concat([renderLine(head), bytes]) : bytes;
    // Whole lines of a group that was refused must not come to life.
    this.#isTorn = true;
    // Opened each time: a disk that was away or read-only for a while is then the same as any other.
    const options = { flags: 'write', isSynced: durability === 'power' } as const;
    await writeInto(path, this.#size, whole, options).catch(async (error: unknown) => {
      await this.#mend().catch(() => undefined);
      throw error;
    });
    // Only now: closing may fail as well.
    this.#isTorn = false;
    this.#size += whole.byteLength;
  }

  async #mend(): Promise<void> {
    await withFile(this.#options.path, 'write', async (file) => truncateFile(file, this.#size));
    this.#isTorn = false;
  }

  /** The same, told shortly, in a file that takes this one's place. Where that fails the long one goes on. */
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
        // Without it a power cut could leave the name of the new one and nothing in it.
        await syncData(file);
      });
      await rename(fresh, path);
      // From here on this is the journal, whatever else fails.
      this.#size = size;
      this.#isTorn = false;
      this.#rewriteAt = Math.max(smallestBytes, size * growth);
      this.#isNameFresh = durability === 'power';
    } catch (error) {
      // Entries of today's format must not follow those of another one.
      if (isNeeded) throw error;
      await unlink(fresh).catch(() => undefined);
      this.#rewriteAt = this.#size * 2;
      warn('the journal could not be shortened, it goes on as it is');
    }
  }

  /** Before anything else is acknowledged: a power cut could bring back the old one under this name. */
  async #syncName(): Promise<void> {
    await syncFolder(dirname(this.#options.path));
    this.#isNameFresh = false;
  }

  async close(): Promise<void> {
    await this.#flushing;
  }
}
