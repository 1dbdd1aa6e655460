/** Listens on a unix socket, which appears at its path in one step, with its mode, and replaces only a dead socket. */
import { type BigIntStats, closeSync, openSync } from 'node:fs';
import { chmod, link, mkdtemp, rename, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { describeCode } from '../store/error-code.ts';
import { findDeadSocket, isSame, readIdentity, takenError } from './probe-path.ts';
import { SocketUnusable, systemCode } from './socket-unusable.ts';
import { withPathHeld } from './with-path-held.ts';

/**
 * sun_path has 108 bytes on Linux and 104 elsewhere, including a zero at the end. Node 20 truncates a longer path
 * without an error.
 */
const maxPathBytes = process.platform === 'linux' ? 107 : 103;

/** How many times another relay may take the path first before this one gives up. */
const maxAttempts = 5;

export interface UnixAddress {
  readonly path: string;
  /** Permissions of the socket file. */
  readonly mode: number;
}

function checkLength(path: string): void {
  const excess = Buffer.byteLength(path) - maxPathBytes;
  if (excess <= 0) return;
  throw new SocketUnusable(
    `the path of the socket is ${excess} bytes too long: the system allows ${maxPathBytes} bytes`,
    'choose a shorter one with --listen, such as unix:/run/remotify.sock',
  );
}

function explain(error: unknown, path: string): SocketUnusable {
  if (error instanceof SocketUnusable) return error;
  const code = systemCode(error);
  const folder = dirname(path);
  const words: Record<string, string> = {
    ENOENT: `the folder ${folder} does not exist`,
    ENOTDIR: `${folder} is not a folder`,
    EACCES: `no permission in ${folder}`,
    EPERM: `no permission in ${folder}`,
    EROFS: `${folder} is read-only`,
  };
  return new SocketUnusable(
    `cannot listen on unix:${path}: ${code in words ? `${words[code]} (${code})` : describeCode(code)}`,
    'give --listen a path in a folder that this user can write to',
    error,
  );
}

/**
 * Moves the socket to its path. Replaces nothing if the file system has hard links, as all file systems do that are likely to hold a
 * socket.
 */
async function putInPlace(from: string, path: string): Promise<void> {
  try {
    await link(from, path);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(systemCode(error))) throw error;
    await rename(from, path);
  }
}

/**
 * Moves the dead socket away. Without a lock (see with-path-held.ts), another relay may have replaced it: then puts
 * that socket back.
 */
async function takeAway(dead: BigIntStats, path: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  const taken = await readIdentity(aside);
  if (taken && !isSame(taken, dead)) await putInPlace(aside, path);
}

async function place(own: string, path: string, aside: string): Promise<void> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const dead = await findDeadSocket(path);
    if (dead) await takeAway(dead, path, aside);
    try {
      await putInPlace(own, path);
      return;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
  throw takenError(path);
}

async function bind(server: Server, path: string, backlog: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog }, resolve);
  });
}

/** Resolves with a function that removes the socket; call it while the server is still open. Throws SocketUnusable. */
export async function listenOnPath(
  server: Server,
  { path, mode }: UnixAddress,
  backlog: number,
): Promise<() => Promise<void>> {
  checkLength(path);
  let folder: string | undefined;
  try {
    // Throws if the path is taken, before anything is created.
    await findDeadSocket(path);
    // The folder has mode 0700, so no other user can connect before the socket has its own mode.
    folder = await mkdtemp(join(dirname(path), '.remotify-'));
    const long = join(folder, 's');
    const isLong = Buffer.byteLength(long) > maxPathBytes;
    // Node removes the bound path when the server closes: the descriptor stays open until then, so that the path stays
    // valid.
    const descriptor = isLong ? openSync(folder, 'r') : undefined;
    const own = descriptor === undefined ? long : `/proc/self/fd/${descriptor}/s`;
    if (descriptor !== undefined) server.once('close', () => closeSync(descriptor));
    await bind(server, own, backlog);
    await chmod(long, mode);
    const identity = await readIdentity(long);
    const aside = join(folder, 'dead');
    await withPathHeld(path, () => place(long, path, aside));
    return async () => {
      const found = await readIdentity(path).catch(() => undefined);
      if (found && identity && isSame(found, identity))
        await rm(path, { force: true }).catch(() => undefined);
    };
  } catch (error) {
    throw explain(error, path);
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
