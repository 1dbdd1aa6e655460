/** What is at the path where a relay wants its unix socket. */
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { connect } from 'node:net';
import { describeCode } from '../store/error-code.ts';
import { SocketUnusable, systemCode } from './socket-unusable.ts';

/** Undefined where there is nothing. */
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

/** Connects and hangs up: whether something listens. The kernel answers at once, for a process that is stopped, too. */
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

/** The dead socket at this path, or undefined where there is nothing. Throws SocketUnusable for what must not be replaced. */
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
  // EAGAIN: its queue of connections is full.
  if (outcome === 'connected' || outcome === 'EAGAIN' || outcome === 'ECONNRESET') throw takenError(path);
  throw new SocketUnusable(
    `cannot tell whether unix:${path} is in use: ${describeCode(outcome)}`,
    'remove it if nothing uses it, or choose another path with --listen',
  );
}
