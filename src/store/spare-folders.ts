/**
 * Folders of commands that are forgotten, kept for later commands: on most disks it costs less to give a folder another name than to
 * remove it and its files and to create others. Their bytes are gone, but for one newline in each file: a file without any bytes gives
 * its space back to the disk, which is what costs most. The session of a later command says that this byte is none of its own.
 */
import { rm } from 'node:fs/promises';
import type { OpenReads } from './open-reads.ts';
import { createFolder, listFolder, renameFolder } from './quick-calls.ts';
import { writePiece } from './write-file.ts';

/** More than one update in each of many sessions needs at once. */
const maxSpares = 64;

const newline = Buffer.from('\n');

export class SpareFolders {
  readonly #directory: string;
  readonly #reads: OpenReads;
  readonly #free: string[] = [];
  #isMade = false;
  #named = 0;

  /** `reads`: by folder. */
  constructor(directory: string, reads: OpenReads) {
    this.#directory = directory;
    this.#reads = reads;
  }

  /**
   * Takes a folder. Resolves with false where it cannot, and the folder is still there. A reader that has a file of it open gets the bytes
   * as they were: such a file is not used again.
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
    // From here on no reader finds the files.
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

  /** All files, also those with bytes that no session counted. */
  async #clean(spare: string): Promise<boolean> {
    try {
      for (const file of await listFolder(spare)) await writePiece(`${spare}/${file}`, 0, newline);
      return true;
    } catch {
      return false;
    }
  }

  /** Gives a spare folder this name. Resolves with false where there is none, or the name cannot be given. */
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

  /** Also those of a relay that was killed. */
  async clear(): Promise<void> {
    this.#free.length = 0;
    await rm(this.#directory, { recursive: true, force: true });
    this.#isMade = false;
  }
}
