/** One process at a time looks at the path of a unix socket and replaces what is there. The lock goes with the process that holds it. */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemCode } from './socket-unusable.ts';

/** Looking and replacing takes milliseconds. */
const retryMs = 10;

/** A holder that was stopped must not stop this one for ever: then it goes on as where there is no such lock. */
const retryForMs = 5_000;

/** A socket without a file, which only Linux has: the kernel lets one process have the name. */
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
