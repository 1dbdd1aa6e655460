import { once } from 'node:events';
import { connect } from 'node:net';
import { withDeadline } from './deadline.ts';

export type RawAnswer = {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
  text: string;
};

/** A TCP connection on which the test chooses each byte that is sent. */
export type RawConnection = {
  /** Text is sent as latin1: a character is a byte. */
  send: (bytes: string | Uint8Array) => void;
  /** The next answer, 100 Continue too; rejects if the connection ends before the answer is complete. `isHead`: no body follows. */
  next: (options?: { isHead?: boolean; deadlineMs?: number }) => Promise<RawAnswer>;
  /** Received bytes that `next` has not taken. */
  rest: () => Buffer;
  isClosed: () => boolean;
  /** Resolves when the other side has closed the connection. */
  closed: Promise<void>;
  /** Stops reading: bytes that arrive stay in the system's buffers. */
  pause: () => void;
  /** Resumes reading. If `bytes` is given, stops after this many bytes, or at most one socket read more. */
  resume: (bytes?: number) => void;
  destroy: () => void;
};

/** The first answer in these bytes and its length; undefined if it is incomplete. */
function parseAnswer(bytes: Buffer, isHead: boolean): { answer: RawAnswer; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${statusLine} `)?.[1]);
  if (!status) throw new Error(`no HTTP: ${statusLine.slice(0, 100)}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const size = isHead || status < 200 || status === 204 ? 0 : Number(headers['content-length'] ?? 0);
  const length = end + 4 + size;
  if (bytes.length < length) return undefined;
  const body = bytes.subarray(end + 4, length);
  return { answer: { status, headers, body, text: body.toString('utf8') }, length };
}

/** Buffers received bytes. Its size doubles when it is full: joining all pieces for each new one takes minutes for 74 MiB. */
class ReceivedBytes {
  #room = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  add(bytes: Buffer): void {
    if (this.#end + bytes.length > this.#room.length) {
      const rest = this.rest();
      this.#room = Buffer.alloc(Math.max(64 * 1024, 2 * (rest.length + bytes.length)));
      rest.copy(this.#room);
      this.#start = 0;
      this.#end = rest.length;
    }
    this.#end += bytes.copy(this.#room, this.#end);
  }

  /** The returned bytes do not change when more arrive. */
  rest(): Buffer {
    return this.#room.subarray(this.#start, this.#end);
  }

  drop(length: number): void {
    this.#start += length;
  }
}

/** The caller destroys the connection. `stalls`: stops reading after the first bytes. */
export async function openRaw(
  { port }: { port: number },
  {
    host = '127.0.0.1',
    localAddress,
    stalls = false,
  }: { host?: string; localAddress?: string; stalls?: boolean } = {},
): Promise<RawConnection> {
  const socket = connect({ port, host, noDelay: true, ...(localAddress !== undefined && { localAddress }) });
  const received = new ReceivedBytes();
  let wanted = stalls ? 1 : Infinity;
  let isClosed = false;
  let wake = () => {};
  socket.on('data', (bytes) => {
    wanted -= bytes.length;
    if (wanted <= 0) socket.pause();
    received.add(bytes);
    wake();
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    const end = () => {
      isClosed = true;
      wake();
      resolve();
    };
    socket.once('end', end);
    socket.once('close', end);
  });
  await withDeadline(once(socket, 'connect'), 5_000, 'the relay takes a connection');

  const take = async (isHead: boolean): Promise<RawAnswer> => {
    for (;;) {
      const rest = received.rest();
      const parsed = parseAnswer(rest, isHead);
      if (parsed) {
        received.drop(parsed.length);
        return parsed.answer;
      }
      if (isClosed) throw new Error(`closed with half an answer: ${rest.toString('latin1', 0, 200)}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    send: (bytes) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    next: ({ isHead = false, deadlineMs = 10_000 } = {}) =>
      withDeadline(take(isHead), deadlineMs, 'the relay answers'),
    rest: () => received.rest(),
    isClosed: () => isClosed,
    closed,
    pause: () => void socket.pause(),
    resume: (bytes = Infinity) => {
      wanted = bytes;
      socket.resume();
    },
    destroy: () => void socket.destroy(),
  };
}

/** Sends these bytes. Returns the first final answer, or `closed` if the connection ends without one. */
export async function sendRaw(
  relay: { port: number },
  bytes: string | Uint8Array,
  deadlineMs = 10_000,
): Promise<RawAnswer | 'closed'> {
  const connection = await openRaw(relay);
  try {
    connection.send(bytes);
    for (;;) {
      const answer = await connection.next({ deadlineMs });
      if (answer.status >= 200) return answer;
    }
  } catch (error) {
    if (connection.isClosed()) return 'closed';
    throw error;
  } finally {
    connection.destroy();
  }
}
