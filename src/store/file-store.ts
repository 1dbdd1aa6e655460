/**
 * Sessions in one journal, their bytes in files that `ls` and `cat` can read; folders are 0700, files 0600:
 *
 *     DIR/relay.pid
 *     DIR/journal
 *     DIR/sessions/NAME/c1/{script,stdin,stdout,stderr}
 *
 * The journal says how much of each file counts. Bytes are written first and said there next, so that what a crash cut short does
 * not count, is sent again and written over.
 */
import { open, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Refusal } from '../protocol/errors.ts';
import type { Session } from '../session/session.ts';
import { claimFolder } from './claim-folder.ts';
import { type Durability, Journal } from './journal.ts';
import { KeptSessions } from './kept-sessions.ts';
import { type Medium, openLocalStore, type Piece } from './local-store.ts';
import { makeFolder } from './make-folder.ts';
import type { Part, Store } from './store.ts';
import { syncFolder, writeAll } from './write-file.ts';

const fileMode = 0o600;

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

const spaceErrors = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** What the caller can be told: no path, no system text. */
function refuse(error: unknown): never {
  if (error instanceof Refusal) throw error;
  const code = errorCode(error);
  throw new Refusal(code !== undefined && spaceErrors.has(code) ? 'storage_full' : 'storage_busy', code);
}

class Folder implements Medium {
  readonly #directory: string;
  readonly #durability: Durability;
  readonly #release: () => Promise<void>;
  readonly #warn: (text: string) => void;
  readonly #kept = new KeptSessions();
  #journal: Journal | undefined;
  /** Files that are as long as the journal says, as far as this process has looked: by session, `c1/stdout`. */
  readonly #whole = new Map<string, Set<string>>();

  constructor(
    directory: string,
    durability: Durability,
    release: () => Promise<void>,
    warn: (text: string) => void,
  ) {
    this.#directory = directory;
    this.#durability = durability;
    this.#release = release;
    this.#warn = warn;
  }

  #path(...rest: string[]): string {
    return join(this.#directory, 'sessions', ...rest);
  }

  async load(): Promise<Session[]> {
    await makeFolder(this.#path());
    this.#journal = await Journal.open(
      {
        path: join(this.#directory, 'journal'),
        durability: this.#durability,
        snapshot: () => this.#kept.snapshot(),
        warn: this.#warn,
      },
      (entry) => this.#kept.take(entry),
    );
    if (!this.#journal.isDamaged) await this.#removeOrphans();
    return this.#kept.list();
  }

  /** What is left of sessions that ended while their relay did: their scripts and output are to be gone. */
  async #removeOrphans(): Promise<void> {
    for (const name of await readdir(this.#path())) {
      if (!/^[0-9a-f]{64}$/.test(name) || this.#kept.find(name)) continue;
      await rm(this.#path(name), { recursive: true, force: true }).catch(() =>
        this.#warn(`what is left of session ${name.slice(0, 8)} cannot be removed`),
      );
    }
  }

  async #append(entry: Readonly<Record<string, unknown>>, keep: () => void): Promise<void> {
    await this.#journal?.append([entry], keep);
  }

  async save(session: Session, pieces: readonly Piece[]): Promise<void> {
    try {
      const ends: Record<string, number> = {};
      for (const { id, part, bytes } of pieces) {
        await this.#writeFile(session.name, id, part, 0, bytes);
        ends[`${id}/${part}`] = bytes.byteLength;
      }
      await this.#append(this.#kept.describe(session, ends), () => this.#kept.put(session, ends));
    } catch (error) {
      refuse(error);
    }
  }

  async write(name: string, id: string, part: Part, offset: number, bytes: Uint8Array): Promise<void> {
    const place = `${id}/${part}`;
    const end = offset + bytes.byteLength;
    try {
      await this.#writeFile(name, id, part, offset, bytes);
      await this.#append({ grown: name, ends: { [place]: end } }, () => this.#kept.grow(name, place, end));
    } catch (error) {
      refuse(error);
    }
  }

  async #writeFile(name: string, id: string, part: Part, offset: number, bytes: Uint8Array): Promise<void> {
    const path = this.#path(name, id, part);
    const isNew = offset === 0;
    if (isNew) await makeFolder(dirname(path));
    // No O_APPEND: the offset rules, and what lies behind it is of no account.
    const file = await open(path, isNew ? 'w' : 'r+', fileMode);
    try {
      await writeAll(file, offset, bytes);
      if (this.#durability === 'power') await file.datasync();
    } finally {
      await file.close();
    }
    this.#markWhole(name, `${id}/${part}`);
    if (!isNew || this.#durability !== 'power') return;
    for (const folder of [this.#path(name, id), this.#path(name), this.#path()]) await syncFolder(folder);
  }

  #markWhole(name: string, place: string): void {
    const places = this.#whole.get(name) ?? new Set();
    this.#whole.set(name, places.add(place));
  }

  async removeSession(name: string): Promise<void> {
    try {
      // The journal first: what is left of a removal that was cut short is swept by the next start.
      await this.#forget(name).catch(async () => {
        // On a full disk its own bytes make the space to say so.
        await rm(this.#path(name), { recursive: true, force: true });
        await this.#forget(name);
      });
      this.#whole.delete(name);
      await rm(this.#path(name), { recursive: true, force: true });
    } catch (error) {
      refuse(error);
    }
  }

  #forget(name: string): Promise<void> {
    return this.#append({ removed: name }, () => this.#kept.remove(name));
  }

  async removeCommand(name: string, id: string): Promise<void> {
    for (const part of ['script', 'stdin', 'stdout', 'stderr'])
      this.#whole.get(name)?.delete(`${id}/${part}`);
    await rm(this.#path(name, id), { recursive: true, force: true }).catch(refuse);
  }

  async read(name: string, id: string, part: Part, offset: number, maxBytes: number): Promise<Buffer> {
    const size = await this.size(name, id, part);
    const wanted = Buffer.alloc(Math.max(0, Math.min(maxBytes, size - offset)));
    if (wanted.byteLength === 0) return wanted;
    const file = await open(this.#path(name, id, part), 'r').catch(refuse);
    try {
      const { bytesRead } = await file.read(wanted, 0, wanted.byteLength, offset);
      return wanted.subarray(0, bytesRead);
    } catch (error) {
      return refuse(error);
    } finally {
      await file.close();
    }
  }

  async size(name: string, id: string, part: Part): Promise<number> {
    const place = `${id}/${part}`;
    const end = this.#kept.find(name)?.ends.get(place) ?? 0;
    if (end === 0 || this.#whole.get(name)?.has(place)) return end;
    const file = await stat(this.#path(name, place)).catch((error: unknown) =>
      errorCode(error) === 'ENOENT' ? { size: 0 } : refuse(error),
    );
    this.#markWhole(name, place);
    if (file.size >= end) return end;
    // A power cut took what was not synced, or somebody was at the file: what is there is all that can be told.
    this.#warn(`session ${name.slice(0, 8)}: ${end - file.size} bytes of ${place} are missing`);
    this.#kept.grow(name, place, file.size);
    return file.size;
  }

  usage(name: string): number {
    return this.#kept.find(name)?.bytes ?? 0;
  }

  /** A page, as most file systems count: what is left of the last one may hold a byte on a full disk. */
  async check(): Promise<void> {
    const path = join(this.#directory, 'ready.check');
    try {
      await writeFile(path, Buffer.alloc(4096), { mode: fileMode });
      await unlink(path);
    } catch (error) {
      await unlink(path).catch(() => undefined);
      refuse(error);
    }
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    await this.#release();
  }
}

/** The names of new folders, from the first of them down to the last. */
async function syncNames(first: string, last: string): Promise<void> {
  for (let folder = resolve(last); folder.length >= first.length; folder = dirname(folder))
    await syncFolder(dirname(folder));
}

/** Opens the folder, or throws an Error that says who holds it or why it cannot be used. */
export async function openFileStore(
  directory: string,
  warn: (text: string) => void,
  durability: Durability = 'process',
): Promise<Store> {
  const first = await makeFolder(directory);
  if (first !== undefined && durability === 'power') await syncNames(first, directory);
  const release = await claimFolder(directory);
  try {
    return await openLocalStore(new Folder(directory, durability, release, warn));
  } catch (error) {
    await release();
    throw error;
  }
}
