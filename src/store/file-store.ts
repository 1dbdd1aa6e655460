/**
 * The file store: sessions in one journal, bytes in files that `ls` and `cat` can read. Folders are 0700, files 0600:
 *
 *     DIR/claim-*.sock
 *     DIR/journal
 *     DIR/sessions/NAME/c1/{script,stdin,stdout,stderr}
 *     DIR/spare/1/…
 *
 * The journal has the valid length of each file. Bytes are written before the journal entry: after a crash, bytes that the journal does
 * not have do not count; the sender sends them again and they are overwritten.
 */
import { readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../protocol/errors.ts';
import type { Command } from '../session/command.ts';
import type { Part, Piece, Session } from '../session/session.ts';
import { checkFlows, hasGrowingFlows } from './check-flows.ts';
import { claimFolder } from './claim-folder.ts';
import { errorCode } from './error-code.ts';
import { type Durability, Journal } from './journal.ts';
import type { Entry } from './journal-lines.ts';
import { formatEntry, JournalState } from './journal-state.ts';
import { type Medium, openLocalStore } from './local-store.ts';
import { makeFolder } from './make-folder.ts';
import type { Allocate, Store, StoreOptions } from './store.ts';
import { createFolder, removeFile, removeFolder } from './quick-calls.ts';
import { OpenReads } from './open-reads.ts';
import { RecentPieces } from './recent-pieces.ts';
import { SpareFolders } from './spare-folders.ts';
import { sweepSessions } from './sweep-sessions.ts';
import { readPiece, syncFolder, syncNames, writePiece } from './write-file.ts';

const fileMode = 0o600;

const spaceErrors = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Turns a system error into a refusal for the client, without paths and system text. */
function refuse(error: unknown): never {
  if (error instanceof Refusal) throw error;
  const code = errorCode(error);
  throw new Refusal(code !== undefined && spaceErrors.has(code) ? 'storage_full' : 'storage_busy', code);
}

class Folder implements Medium {
  readonly #directory: string;
  readonly #sessions: string;
  readonly #durability: Durability;
  readonly #release: () => Promise<void>;
  readonly #warn: (text: string) => void;
  readonly #kept = new JournalState();
  readonly #recent = new RecentPieces();
  /** Running reads, by command folder. */
  readonly #reads = new OpenReads();
  readonly #spares: SpareFolders;
  #journal: Journal | undefined;
  readonly #stop = new AbortController();
  #sweeping: Promise<void> | undefined;

  constructor(
    directory: string,
    durability: Durability,
    release: () => Promise<void>,
    warn: (text: string) => void,
  ) {
    this.#directory = directory;
    this.#sessions = join(directory, 'sessions');
    this.#spares = new SpareFolders(join(directory, 'spare'), this.#reads);
    this.#durability = durability;
    this.#release = release;
    this.#warn = warn;
  }

  #path(...rest: string[]): string {
    return [this.#sessions, ...rest].join('/');
  }

  async load(): Promise<Session[]> {
    await makeFolder(this.#path());
    await this.#spares.clear();
    this.#journal = await Journal.open(
      {
        path: join(this.#directory, 'journal'),
        durability: this.#durability,
        head: formatEntry,
        snapshot: () => this.#kept.snapshot(),
        countSnapshot: () => this.#kept.countSnapshot(),
        warn: this.#warn,
      },
      (entry) => this.#kept.take(entry),
      () => this.#kept.finishReading(),
    );
    const files = { path: (...rest: string[]) => this.#path(...rest), warn: this.#warn };
    const sessions = this.#kept.list();
    for (const [at, session] of sessions.entries())
      if (hasGrowingFlows(session)) sessions[at] = await checkFlows(session, files);
    if (!this.#journal.isDamaged) this.#sweeping = this.#sweep(await readdir(this.#path()), sessions);
    return sessions;
  }

  async #append(entry: Entry, keep: () => void): Promise<void> {
    await this.#journal?.append([entry], keep);
  }

  async save(session: Session, pieces: readonly Piece[]): Promise<void> {
    try {
      for (const piece of pieces) await this.#writePiece(session.name, piece);
      await this.#append(this.#kept.describe(session), () => this.#kept.put(session));
    } catch (error) {
      refuse(error);
    }
  }

  async #writePiece(name: string, piece: Piece): Promise<void> {
    const { id, part, offset = 0, bytes } = piece;
    // No file for an empty part: most streams are empty.
    if (bytes.byteLength === 0) return this.#removePart(name, id, part, true);
    const folder = `${this.#sessions}/${name}/${id}`;
    const path = `${folder}/${part}`;
    const isSynced = this.#durability === 'power';
    // The script is the first part of a command, so its folder does not exist yet.
    const isShort = part === 'script' && offset === 0 && (await this.#makeCommandFolder(folder));
    await writePiece(path, offset, bytes, { isSynced, isShort }).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOENT' || offset > 0) throw error;
      await makeFolder(folder);
      await writePiece(path, offset, bytes, { isSynced });
    });
    if (offset === 0) this.#recent.put(name, `${id}/${part}`, bytes);
    else this.#recent.delete(name, `${id}/${part}`);
    if (offset > 0 || !isSynced) return;
    for (const changed of [folder, this.#path(name), this.#path()]) await syncFolder(changed);
  }

  /** Usually only the parent of the folder exists. Resolves with true if no file in the folder has more than one byte. */
  async #makeCommandFolder(path: string): Promise<boolean> {
    if (await this.#spares.take(path)) return true;
    try {
      await createFolder(path);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') await makeFolder(path);
      return false;
    }
  }

  async removeSession(name: string): Promise<void> {
    this.#recent.deleteSession(name);
    try {
      // The journal first: if the removal is interrupted, the next start sweeps the remaining files.
      await this.#forget(name).catch(async () => {
        // On a full disk, removing the session's files frees the space for the journal entry.
        await rm(this.#path(name), { recursive: true, force: true });
        await this.#forget(name);
      });
      await rm(this.#path(name), { recursive: true, force: true });
    } catch (error) {
      refuse(error);
    }
  }

  #forget(name: string): Promise<void> {
    return this.#append({ removed: name }, () => this.#kept.remove(name));
  }

  async #removePart(name: string, id: string, part: string, isNeeded = false): Promise<void> {
    this.#recent.delete(name, `${id}/${part}`);
    try {
      await removeFile(this.#path(name, id, part));
    } catch (error) {
      if (isNeeded && errorCode(error) !== 'ENOENT') throw error;
    }
  }

  async removeParts(name: string, command: Command, all: boolean): Promise<void> {
    const { id, stdinBytes: stdin, stdoutBytes: stdout, stderrBytes: stderr, isEvicted } = command;
    const sizes = { script: all ? 1 : 0, ...(isEvicted ? {} : { stdin, stdout, stderr }) };
    const parts = Object.entries(sizes).flatMap(([part, bytes]) => (bytes > 0 ? part : []));
    for (const part of parts) this.#recent.delete(name, `${id}/${part}`);
    // With `power` no reuse: after a power cut a renamed folder could exist under both names.
    const mayKeep = all && this.#durability !== 'power';
    if (mayKeep && (await this.#spares.put(this.#path(name, id)))) return;
    for (const part of parts) await this.#removePart(name, id, part);
    if (!all) return;
    try {
      await removeFolder(this.#path(name, id));
    } catch {
      // Not empty after an interrupted write: the next start, or the removal of the session, removes the rest.
    }
  }

  async read(
    name: string,
    id: string,
    part: Part,
    offset: number,
    maxBytes: number,
    allocate?: Allocate,
  ): Promise<Buffer> {
    const recent = this.#recent.get(name, `${id}/${part}`);
    if (recent) return recent.subarray(offset, offset + maxBytes);
    if (maxBytes <= 0) return Buffer.alloc(0);
    const read = () => readPiece(this.#path(name, id, part), offset, maxBytes, allocate);
    return this.#reads
      .count(this.#path(name, id), read)
      .catch((error: unknown) => (errorCode(error) === 'ENOENT' ? Buffer.alloc(0) : refuse(error)));
  }

  /** Writes one page (4096 bytes): on a full disk a single byte might still fit into a partly used page. */
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

  /** Runs in the background, as there may be many sessions. */
  async #sweep(names: readonly string[], sessions: readonly Session[]): Promise<void> {
    await sweepSessions(this.#path(), names, sessions, this.#stop.signal).catch(() =>
      this.#warn('cannot remove leftover files of ended sessions or dropped commands'),
    );
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#sweeping;
    await this.#journal?.close();
    await this.#spares.clear().catch(() => undefined);
    await this.#release();
  }
}

/** Opens the folder. Throws an Error that names the relay that holds it, or the reason why it cannot be used. */
export async function openFileStore(
  directory: string,
  { warn, durability = 'process', dueAt }: StoreOptions,
): Promise<Store> {
  const first = await makeFolder(directory);
  if (durability === 'replica') throw new Error('durability replica needs a Redis store');
  if (first !== undefined && durability === 'power') await syncNames(first, directory);
  const release = await claimFolder(directory);
  try {
    return await openLocalStore(new Folder(directory, durability, release, warn), dueAt);
  } catch (error) {
    await release();
    throw error;
  }
}
