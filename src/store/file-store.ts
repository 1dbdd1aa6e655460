/**
 * Sessions in one journal, their bytes in files that `ls` and `cat` can read; folders are 0700, files 0600:
 *
 *     DIR/claim-*.sock
 *     DIR/journal
 *     DIR/sessions/NAME/c1/{script,stdin,stdout,stderr}
 *
 * The journal says how much of each file counts. Bytes are written first and the journal second: bytes that a crash kept out of the
 * journal do not count, are sent again and written over.
 */
import { type FileHandle, open, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Refusal } from '../protocol/errors.ts';
import { isEnded } from '../protocol/command-states.ts';
import type { Command } from '../session/command.ts';
import type { Part, Piece, Session } from '../session/session.ts';
import { claimFolder } from './claim-folder.ts';
import { type Durability, type Entry, Journal } from './journal.ts';
import { KeptSessions } from './kept-sessions.ts';
import { type Medium, openLocalStore } from './local-store.ts';
import { makeFolder } from './make-folder.ts';
import type { Store, StoreOptions } from './store.ts';
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
      () => this.#kept.finishReading(),
    );
    if (!this.#journal.isDamaged) await this.#removeOrphans();
    return Promise.all(this.#kept.list().map((session) => this.#checkFlows(session)));
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

  /**
   * After a power cut a file may be shorter than the journal says. Of a command that has not ended, the listener or the client can send
   * the rest once more: the session is told what is there. Readers of ended commands find out as they read.
   */
  async #checkFlows(session: Session): Promise<Session> {
    if (session.commands.every(({ state }) => isEnded(state))) return session;
    const check = async (command: Command): Promise<Command> => {
      if (isEnded(command.state)) return command;
      const { stdinBytes, stdoutBytes, stderrBytes } = command;
      const sizes = {
        stdinBytes: await this.#measure(session.name, command.id, 'stdin', stdinBytes),
        stdoutBytes: await this.#measure(session.name, command.id, 'stdout', stdoutBytes),
        stderrBytes: await this.#measure(session.name, command.id, 'stderr', stderrBytes),
      };
      const isWhole = sizes.stdinBytes + sizes.stdoutBytes + sizes.stderrBytes;
      return isWhole === stdinBytes + stdoutBytes + stderrBytes ? command : { ...command, ...sizes };
    };
    return { ...session, commands: await Promise.all(session.commands.map(check)) };
  }

  async #measure(name: string, id: string, part: Part, expected: number): Promise<number> {
    if (expected === 0) return 0;
    const { size } = await stat(this.#path(name, id, part)).catch(() => ({ size: 0 }));
    if (size >= expected) return expected;
    this.#warn(`session ${name.slice(0, 8)}: ${expected - size} bytes of ${id}/${part} are missing`);
    return size;
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

  /** A new file is truncated: bytes in it were never acknowledged. */
  async #openPiece({ part, offset = 0 }: Piece, path: string): Promise<FileHandle> {
    if (offset > 0) return open(path, 'r+', fileMode);
    // The script is what a command begins with.
    if (part === 'script') await makeFolder(dirname(path));
    return open(path, 'w', fileMode).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      await makeFolder(dirname(path));
      return open(path, 'w', fileMode);
    });
  }

  async #writePiece(name: string, piece: Piece): Promise<void> {
    const { id, part, offset = 0, bytes } = piece;
    // No O_APPEND: the offset rules. Bytes behind it were never acknowledged and are written over.
    const file = await this.#openPiece(piece, this.#path(name, id, part));
    try {
      await writeAll(file, offset, bytes);
      if (this.#durability === 'power') await file.datasync();
    } finally {
      await file.close();
    }
    if (offset > 0 || this.#durability !== 'power') return;
    for (const folder of [this.#path(name, id), this.#path(name), this.#path()]) await syncFolder(folder);
  }

  async removeSession(name: string): Promise<void> {
    try {
      // The journal first: what is left of a removal that was cut short is swept by the next start.
      await this.#forget(name).catch(async () => {
        // On a full disk its own bytes make the space to say so.
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

  async removeParts(name: string, id: string, parts: readonly Part[]): Promise<void> {
    if (parts.includes('script')) return rm(this.#path(name, id), { recursive: true, force: true });
    for (const part of parts) await rm(this.#path(name, id, part), { force: true });
  }

  async read(name: string, id: string, part: Part, offset: number, maxBytes: number): Promise<Buffer> {
    if (maxBytes <= 0) return Buffer.alloc(0);
    const file = await open(this.#path(name, id, part), 'r').catch((error: unknown) =>
      errorCode(error) === 'ENOENT' ? undefined : refuse(error),
    );
    if (!file) return Buffer.alloc(0);
    try {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(maxBytes), 0, maxBytes, offset);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      return refuse(error);
    } finally {
      await file.close();
    }
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
  { warn, durability = 'process', dueAt }: StoreOptions,
): Promise<Store> {
  const first = await makeFolder(directory);
  if (first !== undefined && durability === 'power') await syncNames(first, directory);
  const release = await claimFolder(directory);
  try {
    return await openLocalStore(new Folder(directory, durability, release, warn), dueAt);
  } catch (error) {
    await release();
    throw error;
  }
}
