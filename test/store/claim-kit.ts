/** Starts other processes that claim a store folder, and creates the socket files that they leave. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { withDeadline } from '../harness/deadline.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

export const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
export const claimSource = new URL('../../src/store/claim-folder.ts', import.meta.url).href;

/** Runs a program in its own PID and mount namespaces, like a container. */
export const container = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
export const containerWithNetwork = [...container, '--net'];

/** For `test.skipIf(!canUnshare)`: without the permission for unshare(1) the tests are reported as skipped. */
export const canUnshare = ((): boolean => {
  try {
    const [program = '', ...flags] = containerWithNetwork;
    execFileSync(program, [...flags, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export async function makeFolder(): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  return folder.path;
}

export async function listSockets(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('claim-'));
}

/** Creates a socket file as kill -9 leaves it. The rename keeps it: Node removes the file of a closed socket only under its first name. */
export async function makeStaleSocket(folder: string, name: string): Promise<void> {
  const server = createServer();
  await once(server.listen(join(folder, 'bound')), 'listening');
  await rename(join(folder, 'bound'), join(folder, name));
  await once(server.close(), 'close');
}

/** Opens `count` connections that never close. */
export async function flood(path: string, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(path));
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  const settled = sockets.map(
    (socket) =>
      new Promise((resolve) => {
        // An error counts too: some tests fill the connection queue.
        socket.on('error', resolve).on('connect', resolve);
      }),
  );
  await withDeadline(Promise.all(settled), 10_000, `${count} connections`);
  return sockets;
}

export interface Claimant {
  /** For a process in a container: the pid of `unshare`. */
  pid: number;
  /** Resolves with undefined if the process got the folder, otherwise with the error message. */
  claim: () => Promise<string | undefined>;
  release: () => Promise<void>;
  signal: (signal: NodeJS.Signals) => void;
  /** Sends SIGKILL and waits until the process has ended. */
  kill: () => Promise<void>;
}

const program = `
  const [, source, folder] = process.argv;
  const { claimFolder } = await import(source);
  let release;
  const orders = {
    claim: async () => { release = await claimFolder(folder); },
    release: async () => { await release(); },
  };
  process.on('message', async (order) => {
    const error = await orders[order]().then(() => undefined, (error) => error.message);
    process.send({ order, error });
  });
  process.send({ order: 'start' });
`;

/** A process that claims the folder on claim(). Its modules are already loaded, so that several processes can claim at the same time. */
export async function startClaimant(folder: string, wrapper: readonly string[] = []): Promise<Claimant> {
  const command = [...wrapper, process.execPath, '--import', tsx, '--input-type=module', '-e', program];
  const [file = '', ...args] = command.concat(claimSource, folder);
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const hear = async (order: string): Promise<string | undefined> => {
    const heard = withDeadline(once(child, 'message'), 25_000, `process ${child.pid} answers: ${order}`);
    const [answer] = (await heard) as [{ order: string; error?: string }];
    if (answer.order !== order) throw new Error(`answered ${answer.order}, not ${order}`);
    return answer.error;
  };
  const ask = (order: string): Promise<string | undefined> => {
    const answer = hear(order);
    child.send(order);
    return answer;
  };
  await hear('start');
  return {
    pid: child.pid ?? 0,
    claim: () => ask('claim'),
    release: async () => void (await ask('release')),
    signal: (signal) => void child.kill(signal),
    kill: async () => {
      child.kill('SIGKILL');
      await withDeadline(exited, 5_000, `process ${child.pid} ends`);
    },
  };
}
