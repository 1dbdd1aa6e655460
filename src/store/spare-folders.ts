/**
 * Reuses the folders of dropped commands for later commands: on most disks a rename costs less than removing a folder with its files and
 * creating another. Each file is truncated to one newline: truncating to zero bytes would free its block, which costs most. This byte does
 * not count for a later command, as its session has the size 0 for the part.
 */
import { rm } from 'node:fs/promises';
import type { OpenReads } from './open-reads.ts';
import { createFolder, listFolder, renameFolder } from './quick-calls.ts';
import { writePiece } from './write-file.ts';

/** Enough for simultaneous updates of many sessions. */
const maxSpares = 64;

const newline = Buffer.from('\n');

export class SpareFolders {
  readonly #directory: string;
  readonly #reads: OpenReads;
  readonly #free: string[] = [];
  #isMade = false;
  #named = 0;

  /** `reads`: the running reads per folder. */
  constructor(directory: string, reads: OpenReads) {
    this.#directory = directory;
    this.#reads = reads;
  }

  /**
   * Takes over a folder. Resolves with false if that fails; then the folder is unchanged. If a read of the folder is running, the reader
   * still gets the old bytes, and the folder is removed instead of reused.
   */
  async put(path: string): Promise<boolean> {
    if (this.#free.length >= maxSpares || !(await this.#make())) return false;
    this.#named += 1;
    const spare = `${this.#directory}/${this.#named}`;
    try {
      await renameFolder(path, spare);
    } catch {
      return false;
    }
    // After the rename no new reader finds the files.
    if (!this.#reads.has(path) && (await this.#clean(spare))) this.#free.push(spare);
    else await rm(spare, { recursive: true, force: true }).catch(() => undefined);
    return true;
  }

  async #make(): Promise<boolean> {
    if (this.#isMade) return true;
    try {
      await createFolder(this.#directory);
      this.#isMade = true;
    } catch {
      // The disk is full, or does not answer.
    }
    return this.#isMade;
  }

  /** Truncates all files, including those with bytes that no session counted. */
  async #clean(spare: string): Promise<boolean> {
    try {
      for (const file of await listFolder(spare)) await writePiece(`${spare}/${file}`, 0, newline);
      return true;
    } catch {
      return false;
    }
  }

  /** Renames a spare folder to this path. Resolves with false if there is none, or the rename fails. */
  async take(path: string): Promise<boolean> {
    const spare = this.#free.pop();
    if (spare === undefined) return false;
    try {
      await renameFolder(spare, path);
      return true;
    } catch {
      this.#free.push(spare);
      return false;
    }
  }

  /** Removes all spare folders, including those of a killed relay. */
  async clear(): Promise<void> {
    this.#free.length = 0;
    await rm(this.#directory, { recursive: true, force: true });
    this.#isMade = false;
  }
}
