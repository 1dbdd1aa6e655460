/** Locks the path of a unix socket while a process checks and replaces the socket. The lock ends with its process. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemCode } from './socket-unusable.ts';

/** Pause between attempts to get the lock: the work under it takes milliseconds. */
const retryMs = 10;

/**
 * After this time the process continues without the lock: a stopped process that holds the lock must not block it
 * forever.
 */
const retryForMs = 5_000;

/** Binds an abstract socket, which exists only on Linux and has no file: only one process at a time can bind the name. */
function tryToHold(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) =>
      systemCode(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(name, () => resolve(server));
  });
}

async function hold(name: string): Promise<Server | undefined> {
  for (let waitedMs = 0; waitedMs < retryForMs; waitedMs += retryMs) {
    const server = await tryToHold(name);
    if (server) return server;
    await pause(retryMs);
  }
  return undefined;
}

export async function withPathHeld<T>(path: string, work: () => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') return work();
  const whole = join(await realpath(dirname(path)), basename(path));
  const lock = await hold(`\0remotify-${createHash('sha256').update(whole).digest('hex')}`);
  try {
    return await work();
  } finally {
    lock?.close();
  }
}
