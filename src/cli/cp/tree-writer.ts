/** Writes files, folders and links below one folder, under names that are not trusted. */
import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, rm, symlink, utimes } from 'node:fs/promises';
import { describeFileError } from '../../config/describe-file-error.ts';
import { allowedMode, type Attributes, NotPlaced, placeFile, timeOf } from './place-file.ts';
import { checkName } from './safe-names.ts';
import { decode } from '../../text/utf8.ts';

export interface TreeOptions {
  /** The folder below which everything is written. */
  folder: Buffer;
  /** The allowed first parts of a name: the last names of the sources; '.' for a source whose content is copied. */
  tops: readonly string[];
  /** What replaces the first part where a single source gets another name; '' otherwise. */
  as: string;
  preserve: boolean;
  /** Names the temporary files. */
  id: string;
  wantsHashes: boolean;
}

async function lstatOrNothing(path: Buffer): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new NotPlaced(`${decode(path)}: ${describeFileError(error)}`);
  }
}

export class TreeWriter {
  readonly #options: TreeOptions;
  /** Real folders: found or created by this transfer. Keys are paths in latin1. */
  readonly #folders = new Set<string>();
  readonly #written = new Map<string, Buffer>();
  /** Names as a file system that ignores case compares them, each with its first exact name. */
  readonly #folded = new Map<string, string>();
  readonly #late: (() => Promise<void>)[] = [];
  /** The last step for each folder that was created, by its path. */
  readonly #lateFolders = new Map<string, () => Promise<void>>();
  readonly files: { path: string; bytes: number; sha256: string | undefined }[] = [];

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  /** The path for a name. The folders above it exist afterwards, and none of them is a link. Throws NotPlaced. */
  async #locate(name: Buffer): Promise<{ path: Buffer; isRoot: boolean }> {
    const parts = checkName(name, this.#options);
    let path = this.#options.folder;
    for (const [at, part] of parts.entries()) {
      path = Buffer.concat([path, Buffer.from('/'), part]);
      if (at < parts.length - 1) await this.#enter(path);
    }
    return { path, isRoot: parts.length === 0 };
  }

  /** Refuses a second name for the same file: two names that differ in case only, where the file system ignores case. */
  async #checkClash(path: Buffer, existing: Stats | undefined): Promise<void> {
    const exact = path.toString('latin1');
    const folded = decode(path).normalize('NFC').toLowerCase();
    const other = this.#folded.get(folded);
    this.#folded.set(folded, other ?? exact);
    if (other === undefined || other === exact || !existing) return;
    const found = await lstatOrNothing(Buffer.from(other, 'latin1'));
    if (found?.ino === existing.ino && found.dev === existing.dev)
      throw new NotPlaced(`${decode(path)}: another file of this transfer differs only in case`);
  }

  async #enter(path: Buffer): Promise<void> {
    const key = path.toString('latin1');
    if (this.#folders.has(key)) return;
    const existing = await lstatOrNothing(path);
    await this.#checkClash(path, existing);
    if (existing && !existing.isDirectory()) {
      const what = existing.isSymbolicLink() ? 'a symbolic link' : 'a file';
      throw new NotPlaced(`${decode(path)}: ${what} is in the way of a folder`);
    }
    try {
      if (!existing) await mkdir(path, { mode: 0o700 });
    } catch (error) {
      throw new NotPlaced(`${decode(path)}: ${describeFileError(error)}`);
    }
    this.#folders.add(key);
    // A folder that no entry of the archive describes gets the mode of a new folder.
    if (!existing) this.#lateFolders.set(key, () => chmod(path, allowedMode(0o777, false)));
  }

  async addFolder(name: Buffer, { mode, time }: Attributes): Promise<void> {
    const { path, isRoot } = await this.#locate(name);
    if (isRoot) return;
    await this.#enter(path);
    const { preserve } = this.#options;
    const key = path.toString('latin1');
    if (!this.#lateFolders.has(key) && !preserve) return;
    this.#lateFolders.set(key, async () => {
      await chmod(path, allowedMode(mode, preserve));
      if (preserve && time !== undefined) await utimes(path, timeOf(time), timeOf(time));
    });
  }

  async addFile(name: Buffer, content: AsyncIterable<Buffer>, attributes: Attributes): Promise<void> {
    const { path } = await this.#locate(name);
    await this.#checkClash(path, await lstatOrNothing(path));
    const folder = path.subarray(0, path.lastIndexOf('/') + 1);
    const temporary = Buffer.concat([folder, Buffer.from(`.remotify-part-${this.#options.id}.file`)]);
    const hash = this.#options.wantsHashes ? createHash('sha256') : undefined;
    let bytes = 0;
    try {
      await rm(temporary, { force: true });
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      const file = await open(temporary, flags, 0o600);
      try {
        for await (const piece of content) {
          await file.writeFile(piece);
          hash?.update(piece);
          bytes += piece.byteLength;
        }
      } finally {
        await file.close();
      }
      await placeFile(temporary, path, { ...attributes, preserve: this.#options.preserve, links: 'never' });
    } catch (error) {
      await rm(temporary, { force: true });
      if (error instanceof NotPlaced) throw error;
      throw new NotPlaced(`${decode(path)}: ${describeFileError(error)}`);
    }
    this.#written.set(path.toString('latin1'), path);
    this.files.push({ path: decode(path), bytes, sha256: hash?.digest('hex') });
  }

  /** Copies a file that this transfer wrote. Any other target is refused. */
  async addHardLink(name: Buffer, target: Buffer, attributes: Attributes): Promise<void> {
    const { path: source } = await this.#locate(target);
    if (!this.#written.has(source.toString('latin1')))
      throw new NotPlaced(`${decode(name)}: a link to a file that is not part of the transfer`);
    const file = await open(source, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await this.addFile(name, file.createReadStream({ autoClose: false }), attributes);
    } finally {
      await file.close();
    }
  }

  async addSymlink(name: Buffer, target: Buffer): Promise<void> {
    const { path, isRoot } = await this.#locate(name);
    if (isRoot || target.byteLength === 0) throw new NotPlaced(`${decode(name)}: a link without a name`);
    this.#late.push(async () => {
      const existing = await lstatOrNothing(path);
      await this.#checkClash(path, existing);
      if (existing?.isDirectory()) throw new NotPlaced(`${decode(path)}: a folder is in the way`);
      try {
        if (existing) await rm(path);
        await symlink(target, path);
      } catch (error) {
        throw new NotPlaced(`${decode(path)}: ${describeFileError(error)}`);
      }
    });
  }

  /** The last steps: links, then the modes and times of folders, the innermost first. */
  finish(): (() => Promise<void>)[] {
    const folders = [...this.#lateFolders].toReversed().map(([key, apply]) => async () => {
      await apply().catch((error: unknown) => {
        throw new NotPlaced(`${decode(Buffer.from(key, 'latin1'))}: ${describeFileError(error)}`);
      });
    });
    return [...this.#late, ...folders];
  }
}
