/** Checks what exists at the path of the unix socket: nothing, a dead socket, a socket in use, or another file. */
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { connect } from 'node:net';
import { describeCode } from '../store/error-code.ts';
import { SocketUnusable, systemCode } from './socket-unusable.ts';

/** The file at the path; undefined if there is none. */
export async function readIdentity(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

function nameKind(found: BigIntStats): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isSymbolicLink()) return 'a symbolic link';
  return found.isFile() ? 'a file' : 'a device or a pipe';
}

export function takenError(path: string): SocketUnusable {
  return new SocketUnusable(
    `unix:${path} is taken: another process listens on it`,
    'stop that process, or choose another path with --listen',
  );
}

/**
 * Connects and disconnects, to find out whether a process listens. The kernel accepts immediately, also for a stopped
 * process.
 */
function tryToConnect(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', (error) => resolve(systemCode(error)));
  });
}

/**
 * The dead socket at this path, or undefined if nothing exists. Throws SocketUnusable for anything that must not be
 * replaced.
 */
export async function findDeadSocket(path: string): Promise<BigIntStats | undefined> {
  const found = await readIdentity(path);
  if (found === undefined) return undefined;
  if (!found.isSocket()) {
    const hint = 'the relay removes only sockets: move it away, or choose another path with --listen';
    throw new SocketUnusable(`cannot listen on unix:${path}: it is ${nameKind(found)}`, hint);
  }
  const outcome = await tryToConnect(path);
  if (outcome === 'ENOENT') return undefined;
  if (outcome === 'ECONNREFUSED') return found;
  // EAGAIN: the queue of connections is full, so a process has the socket.
  if (outcome === 'connected' || outcome === 'EAGAIN' || outcome === 'ECONNRESET') throw takenError(path);
  throw new SocketUnusable(
    `cannot tell whether unix:${path} is in use: ${describeCode(outcome)}`,
    'remove it if nothing uses it, or choose another path with --listen',
  );
}
