/**
 * Locks a store folder for one relay: it keeps sessions in memory, and a second relay would not see them change.
 *
 * The lock is a listening unix socket in the folder. The kernel closes it when its process dies, and any process that sees the folder
 * can connect to it, even from another container. A pid file can do neither.
 *
 * Why two relays cannot both hold the folder: each one listens before it looks for other sockets. The relay that listened later finds
 * the socket of the earlier one, because only the owner of a socket and the holder of the folder remove a socket file. The holder removes
 * files whose sockets refused its connection. A relay that has bound its socket but does not listen yet refuses connections too: if the
 * holder removes its file, that relay finds its file missing, or finds the holder.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ClaimSocket } from './claim-socket.ts';
import { findOldRelay, removeOldPidFile } from './old-pid-file.ts';
import { type Owner, probeSocket } from './probe-socket.ts';
import { SocketFolder } from './socket-folder.ts';

/** How long to wait for other relays that are starting: long enough for a dozen of them on a busy machine. */
const startTimeoutMs = 15_000;

export class FolderTaken extends Error {
  constructor(directory: string, { pid, host }: Owner = {}) {
    const owner = [pid === undefined ? '' : `pid ${pid}`, host === undefined ? '' : `on ${host}`]
      .join(' ')
      .trim();
    super(`another relay${owner === '' ? '' : ` (${owner})`} is already using ${directory}`);
  }
}

interface Others {
  /** Sockets of relays that are starting too. */
  starting: string[];
  /** Socket files that no process listens on. */
  stale: string[];
}

/** Throws FolderTaken if a relay holds the folder, or may hold it. */
async function findOthers(folder: SocketFolder): Promise<Others> {
  const others: Others = { starting: [], stale: [] };
  await Promise.all(
    (await folder.list()).map(async (name) => {
      const probe = await probeSocket(folder, name);
      if (probe.state === 'holding') throw new FolderTaken(folder.directory, probe.owner);
      others[probe.state].push(name);
    }),
  );
  return others;
}

/** Resolves with the stale files once this socket holds the folder, or with undefined if the caller has to start over. */
async function competeWith(
  socket: ClaimSocket,
  folder: SocketFolder,
  giveUpAt: number,
): Promise<string[] | undefined> {
  for (;;) {
    const { starting, stale } = await findOthers(folder);
    if (starting.length === 0) {
      if (!(await socket.isInFolder())) return undefined;
      socket.hold();
      return stale;
    }
    // The relay with the lowest name continues, the others withdraw. If all of them withdrew, they could collide again and again.
    if (starting.some((name) => name < socket.name) || performance.now() >= giveUpAt) return undefined;
    await pause(randomInt(10, 30));
  }
}

async function claimSocket(folder: SocketFolder): Promise<ClaimSocket> {
  const giveUpAt = performance.now() + startTimeoutMs;
  do {
    // Look before creating a socket: relays that wait for a starting relay must not compete with it.
    if ((await findOthers(folder)).starting.length === 0) {
      const socket = await ClaimSocket.listen(folder);
      try {
        const stale = await competeWith(socket, folder, giveUpAt);
        if (stale !== undefined) {
          await Promise.all(stale.map((name) => folder.remove(name)));
          return socket;
        }
      } catch (error) {
        await socket.close();
        throw error;
      }
      await socket.close();
    }
    await pause(randomInt(20, 200));
  } while (performance.now() < giveUpAt);
  throw new FolderTaken(folder.directory);
}

/**
 * Resolves with the function that releases the folder. Throws FolderTaken if another relay holds it. A second claim by the same
 * process succeeds: that process is responsible for what it has open.
 */
export async function claimFolder(directory: string): Promise<() => Promise<void>> {
  const folder = await SocketFolder.open(directory);
  let socket: ClaimSocket | undefined;
  let isReleased = false;
  const release = async (): Promise<void> => {
    // At a second call, the number of the closed descriptor may belong to another file.
    if (isReleased) return;
    isReleased = true;
    await socket?.close();
    folder.close();
  };
  try {
    socket = await claimSocket(folder);
    const pid = await findOldRelay(directory);
    if (pid !== undefined) throw new FolderTaken(directory, { pid });
    await removeOldPidFile(directory);
    return release;
  } catch (error) {
    await release();
    throw error;
  }
}
