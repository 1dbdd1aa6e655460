/** Lists the claim sockets of a store folder, and gives each a path that is short enough for a socket address. */
import { closeSync, openSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** sun_path takes 104 bytes on macOS, 108 on Linux, one of them a zero. Node 20 truncates a longer path without an error. */
const maxAddressBytes = 103;

const prefix = 'claim-';
const suffix = '.sock';
const randomDigits = 16;

/** Sockets that this process listens on: it must not compete with itself. */
const ownNames = new Set<string>();

export function nameSocket(randomHex: string): string {
  return `${prefix}${randomHex}${suffix}`;
}

function isSame(a: { dev: bigint; ino: bigint }, b: { dev: bigint; ino: bigint }): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** A short path to an open folder, if this process has a /proc. */
async function findShortPath(directory: string, descriptor: number): Promise<string | undefined> {
  const path = `/proc/self/fd/${descriptor}`;
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && isSame(found, await stat(directory, { bigint: true })) ? path : undefined;
}

export class SocketFolder {
  readonly directory: string;
  readonly #shortPath: string;
  readonly #descriptor: number | undefined;

  private constructor(directory: string, shortPath = directory, descriptor?: number) {
    this.directory = directory;
    this.#shortPath = shortPath;
    this.#descriptor = descriptor;
  }

  static async open(directory: string): Promise<SocketFolder> {
    const longest = join(directory, nameSocket('0'.repeat(randomDigits)));
    if (Buffer.byteLength(longest) <= maxAddressBytes) return new SocketFolder(directory);
    // A plain descriptor: the garbage collector may close a FileHandle while the socket needs it.
    const descriptor = openSync(directory, 'r');
    const shortPath = await findShortPath(directory, descriptor).catch(() => undefined);
    if (shortPath !== undefined) return new SocketFolder(directory, shortPath, descriptor);
    closeSync(descriptor);
    const excess = Buffer.byteLength(longest) - maxAddressBytes;
    throw new Error(
      `the path ${directory} is ${excess} bytes too long for the socket that locks the folder; choose a shorter one with --store`,
    );
  }

  /** The address to listen on or connect to. */
  address(name: string): string {
    return join(this.#shortPath, name);
  }

  /** All claim sockets except those of this process, including stale ones that no process listens on. */
  async list(): Promise<string[]> {
    return (await readdir(this.directory)).filter(
      (name) => name.startsWith(prefix) && name.endsWith(suffix) && !ownNames.has(name),
    );
  }

  /** Errors are ignored: a file that stays is stale, and the next relay detects that. */
  async remove(name: string): Promise<void> {
    await rm(this.address(name), { force: true }).catch(() => undefined);
  }

  addOwn(name: string): void {
    ownNames.add(name);
  }

  removeOwn(name: string): void {
    ownNames.delete(name);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}
