/** Makes the server listen on a port, on a unix socket, or on a socket from the service manager. */
import { readFile, readlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { describeCode } from '../store/error-code.ts';
import { listenOnPath } from './listen-on-path.ts';
import type { RelayOptions } from './relay-options.ts';
import { SocketUnusable, systemCode } from './socket-unusable.ts';

/**
 * The length of the system's queue of connections that the relay has not accepted yet. The system reduces it to its own limit. While the
 * queue is full, a new client waits for a second or more, so one address that connects again and again would keep all others out.
 */
const maxUnaccepted = 65_535;

export interface Place {
  /** `http://127.0.0.1:8080`, or `unix:/run/remotify.sock`. */
  readonly name: string;
  /** The base URL for a client that sends no Host. */
  readonly baseUrl: string;
  /** Removes the unix socket; call it while the server is still open. */
  readonly remove: () => Promise<void>;
}

const nothingToRemove = (): Promise<void> => Promise.resolve();

function describePort(server: Server, scheme: string, host: string | undefined): Place | undefined {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return undefined;
  const name = host ?? bound.address;
  const url = `${scheme}://${name.includes(':') ? `[${name}]` : name}:${bound.port}`;
  return { name: url, baseUrl: url, remove: nothingToRemove };
}

/** The path of a unix socket that another process bound, if there is a /proc. */
async function findSocketPath(fd: number): Promise<string | undefined> {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/self/fd/${fd}`))?.[1];
    const lines = (await readFile('/proc/net/unix', 'utf8')).split('\n');
    for (const line of lines) {
      // The fields are: Num RefCount Protocol Flags Type St Inode Path.
      const found = /^\S+ \S+ \S+ \S+ \S+ \S+ +(\d+) (.+)$/.exec(line);
      if (found && found[1] === inode) return found[2];
    }
  } catch {
    // Without /proc the path is unknown, but the socket works.
  }
  return undefined;
}

async function listenOnDescriptor(server: Server, fd: number, scheme: string): Promise<Place> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ fd }, maxUnaccepted, resolve);
    });
  } catch (error) {
    throw new SocketUnusable(
      `cannot listen on the socket from the service manager (file descriptor ${fd}): ${describeCode(systemCode(error))}`,
      'in the .socket unit, use ListenStream= and Accept=no',
      error,
    );
  }
  const port = describePort(server, scheme, undefined);
  if (port) return port;
  const path = await findSocketPath(fd);
  const name = path === undefined ? `fd:${fd}` : `unix:${path}`;
  return { name, baseUrl: `${scheme}://localhost`, remove: nothingToRemove };
}

/** Throws SocketUnusable, or the system's error for a port. */
export async function startListening(
  server: Server,
  { host, port, listen }: Pick<RelayOptions, 'host' | 'port' | 'listen'>,
  scheme: 'http' | 'https',
): Promise<Place> {
  if (listen !== undefined && 'fd' in listen) return listenOnDescriptor(server, listen.fd, scheme);
  if (listen !== undefined) {
    const remove = await listenOnPath(server, listen, maxUnaccepted);
    return { name: `unix:${listen.path}`, baseUrl: `${scheme}://localhost`, remove };
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: maxUnaccepted }, resolve);
  });
  const place = describePort(server, scheme, host);
  if (!place) throw new Error('a port has no address');
  return place;
}
