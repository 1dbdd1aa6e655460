/** The socket by which this process claims a folder. It answers each connection with one line: `{"pid":1,"host":"a","holds":true}`. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, chmod, lstat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { errorCode } from './error-code.ts';
import { nameSocket, type SocketFolder } from './socket-folder.ts';

const maxConnections = 64;

/** A client that does not read must not keep its connection. */
const connectionTimeoutMs = 1_000;

/** Errors of file systems without sockets: EPERM of vfat and exFAT, the others of network and user-space file systems. */
const unsupportedErrors = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES']);

async function explainListen(error: unknown, directory: string): Promise<never> {
  const code = errorCode(error) ?? '';
  if (!unsupportedErrors.has(code)) throw error;
  // A missing permission or a missing folder gives the same errno; access() throws the more exact error.
  await access(directory, constants.W_OK | constants.X_OK);
  throw new Error(
    `${directory} cannot hold a unix socket, which the relay needs to lock the folder; choose another with --store (${code})`,
    { cause: error },
  );
}

export class ClaimSocket {
  readonly name = nameSocket(randomBytes(8).toString('hex'));
  readonly #folder: SocketFolder;
  readonly #server: Server;
  #holds = false;

  private constructor(folder: SocketFolder) {
    this.#folder = folder;
    // Never reads: the bytes of a client stay in the kernel's buffer, which is bounded.
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#answer(socket));
    this.#server.maxConnections = maxConnections;
  }

  static async listen(folder: SocketFolder): Promise<ClaimSocket> {
    const socket = new ClaimSocket(folder);
    await socket.#listen();
    return socket;
  }

  async #listen(): Promise<void> {
    const address = this.#folder.address(this.name);
    try {
      await once(this.#server.listen(address), 'listening');
    } catch (error) {
      return explainListen(error, this.#folder.directory);
    }
    this.#folder.addOwn(this.name);
    // The open server must not keep the process running, and an error (no descriptor for a connection) must not end the process.
    this.#server.unref();
    this.#server.on('error', () => undefined);
    try {
      await chmod(address, 0o600);
    } catch (error) {
      // The holder of the folder may have removed the file: isInFolder() detects that.
      if (errorCode(error) === 'ENOENT') return;
      await this.close();
      throw error;
    }
  }

  #answer(socket: Socket): void {
    socket.on('error', () => undefined);
    socket.unref();
    const timer = setTimeout(() => socket.destroy(), connectionTimeoutMs);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    const answer = { pid: process.pid, host: hostname(), holds: this.#holds };
    socket.end(`${JSON.stringify(answer)}\n`, () => socket.destroy());
  }

  /** Whether other relays can still find the socket: a holder may have removed the file before this process listened. */
  async isInFolder(): Promise<boolean> {
    try {
      return (await lstat(this.#folder.address(this.name))).isSocket();
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  hold(): void {
    this.#holds = true;
  }

  async close(): Promise<void> {
    // Node removes the file with the socket. Connections end by themselves, and do not keep the process running.
    this.#server.close();
    await this.#folder.remove(this.name);
    this.#folder.removeOwn(this.name);
  }
}
