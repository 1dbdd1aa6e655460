/**
 * Folders of commands that are forgotten, kept for later commands: on most disks it costs less to give a folder another name than to
 * remove it and its files and to create others. Their bytes are gone, but for one newline in each file: a file without any bytes gives
 * its space back to the disk, which is what costs most. The session of a later command says that this byte is none of its own.
 */
import { rm } from 'node:fs/promises';
import { createFolder, renameFolder } from './quick-calls.ts';
import { writePiece } from './write-file.ts';

/** More than one update in each of many sessions needs at once. */
const maxSpares = 64;

const newline = Buffer.from('\n');

export class SpareFolders {
  readonly #directory: string;
  readonly #free: string[] = [];
  #named = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Takes a folder with these files. Resolves with false where it cannot, and the folder is still there. */
  async put(path: string, files: readonly string[]): Promise<boolean> {
    if (this.#free.length >= maxSpares) return false;
    try {
      if (this.#named === 0) await createFolder(this.#directory);
      for (const file of files) await writePiece(`${path}/${file}`, 0, newline);
      this.#named += 1;
      const spare = `${this.#directory}/${this.#named}`;
      await renameFolder(path, spare);
      this.#free.push(spare);
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
    this.#named = 0;
    await rm(this.#directory, { recursive: true, force: true });
  }
}
