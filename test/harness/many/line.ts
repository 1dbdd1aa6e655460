/** A minimal HTTP connection with one request at a time: so small that tens of thousands fit in a process. */
import { connect, type Socket } from 'node:net';

export type Reply = { status: number; body: string };

type Waiting = { resolve: (reply: Reply) => void; reject: (error: Error) => void };

export class Line {
  readonly #port: number;
  readonly #from: string;
  #socket: Socket | undefined;
  #received = '';
  #waiting: Waiting | undefined;

  constructor(port: number, from: string) {
    this.#port = port;
    this.#from = from;
  }

  /**
   * Resolves once the relay has answered a request on it. A connection alone may still wait in the system's queue: Node accepts one for
   * each turn of its event loop, so a busy relay reads what is sent on the others seconds earlier.
   */
  async open(): Promise<void> {
    await this.#connect();
    const { status } = await this.ask('GET', '/api/health', '');
    if (status !== 200) throw new Error(`the first request on a connection failed: ${status}`);
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: this.#port,
        localAddress: this.#from,
        noDelay: true,
      });
      socket.setEncoding('latin1');
      socket.once('connect', resolve);
      socket.once('error', reject);
      socket.on('data', (text: string) => this.#read(text));
      socket.on('close', () => this.#waiting?.reject(new Error('the relay hung up')));
      this.#socket = socket;
    });
  }

  /** Sends a request. Allows only one at a time. */
  async ask(method: string, path: string, headers: string, body = ''): Promise<Reply> {
    if (!this.#socket) await this.#connect();
    const length = `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket?.write(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}${length}\r\n${body}`);
    });
  }

  #read(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#received.slice(0, end);
    const size = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + 4 + size) return;
    const body = this.#received.slice(end + 4, end + 4 + size);
    this.#received = '';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), body });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket?.destroy();
  }
}
