/**
 * Sessions as folders that `ls` and `cat` can read, 0700 all of them:
 *
 *     DIR/relay.pid
 *     DIR/sessions/NAME/session.json
 *     DIR/sessions/NAME/c1/{script,stdin,stdout,stderr}
 *
 * A session is written beside its file and renamed over it, so that a crash leaves the old one or the new one. Output is
 * written at offsets: what a crash cut short is sent again and kept once.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../protocol/errors.ts';
import type { Session } from '../session/session.ts';
import { claimFolder } from './claim-folder.ts';
import { type Medium, openLocalStore } from './local-store.ts';
import { parseStoredSession, renderStoredSession } from './stored-session.ts';
import type { Part, Store } from './store.ts';

const fileMode = 0o600;
const folderMode = 0o700;

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

/** Writes all of it or throws: a short write is carried on until the reason for it shows. */
async function writeAt(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  // No truncation and no O_APPEND: the offset rules.
  const file = await open(path, offset === 0 ? 'w' : 'r+', fileMode);
  try {
    let done = 0;
    while (done < bytes.byteLength) {
      const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, offset + done);
      if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
      done += bytesWritten;
    }
  } finally {
    await file.close();
  }
}

class Folder implements Medium {
  readonly #sessions: string;
  readonly #release: () => Promise<void>;
  readonly #warn: (text: string) => void;

  constructor(directory: string, release: () => Promise<void>, warn: (text: string) => void) {
    this.#sessions = join(directory, 'sessions');
    this.#release = release;
    this.#warn = warn;
  }

  #path(name: string, ...rest: string[]): string {
    return join(this.#sessions, name, ...rest);
  }

  async load(): Promise<Session[]> {
    await mkdir(this.#sessions, { recursive: true, mode: folderMode });
    const sessions: Session[] = [];
    for (const name of await readdir(this.#sessions)) {
      const session = await this.#loadSession(name);
      if (session) sessions.push(session);
    }
    return sessions;
  }

  async #loadSession(name: string): Promise<Session | undefined> {
    await unlink(this.#path(name, 'session.json.new')).catch(() => undefined);
    const text = await readFile(this.#path(name, 'session.json'), 'utf8').catch(() => undefined);
    const session = text === undefined ? undefined : parseStoredSession(text);
    if (session?.name === name) return session;
    // Removed half way, or damaged: not served, and not deleted either.
    this.#warn(`session ${name.slice(0, 8)} cannot be read and is left alone`);
    return undefined;
  }

  async save(session: Session): Promise<void> {
    const fresh = this.#path(session.name, 'session.json.new');
    try {
      await mkdir(this.#path(session.name), { recursive: true, mode: folderMode });
      await writeFile(fresh, renderStoredSession(session), { mode: fileMode });
      await rename(fresh, this.#path(session.name, 'session.json'));
    } catch (error) {
      await unlink(fresh).catch(() => undefined);
      refuse(error);
    }
  }

  async removeSession(name: string): Promise<void> {
    // The session first: what is left of a removal that was cut short must not come back to life.
    await rm(this.#path(name, 'session.json'), { force: true }).catch(refuse);
    await rm(this.#path(name), { recursive: true, force: true }).catch(refuse);
  }

  async removeCommand(name: string, id: string): Promise<void> {
    await rm(this.#path(name, id), { recursive: true, force: true }).catch(refuse);
  }

  async write(name: string, id: string, part: Part, offset: number, bytes: Uint8Array): Promise<void> {
    try {
      await mkdir(this.#path(name, id), { recursive: true, mode: folderMode });
      await writeAt(this.#path(name, id, part), offset, bytes);
    } catch (error) {
      refuse(error);
    }
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
    try {
      return (await stat(this.#path(name, id, part))).size;
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? 0 : refuse(error);
    }
  }

  close(): Promise<void> {
    return this.#release();
  }
}

/** Opens the folder, or throws an Error that says who holds it or why it cannot be used. */
export async function openFileStore(directory: string, warn: (text: string) => void): Promise<Store> {
  await mkdir(directory, { recursive: true, mode: folderMode });
  return openLocalStore(new Folder(directory, await claimFolder(directory), warn));
}
