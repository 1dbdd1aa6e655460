/** Merges lines of several sources into one stream: whole lines, each prefixed with the name of its source. */
import { Writable } from 'node:stream';
import { type OutputStream, write } from './io.ts';

/** A line longer than this is written in pieces. */
const maxLineBytes = 64 * 1024;

/** The part of a line after its last carriage return, apart from the one in a line end: the last state of a redrawn row. */
function lastState(line: Buffer): Buffer {
  const isLineEnd = line.subarray(-2).equals(Buffer.from('\r\n'));
  const last = line.lastIndexOf(0x0d, isLineEnd ? -3 : undefined);
  return last === -1 ? line : line.subarray(last + 1);
}

export class PrefixedStream extends Writable implements OutputStream {
  readonly isTTY: boolean;
  #holdsRows = false;
  readonly #target: OutputStream;
  readonly #prefix: Buffer;
  #pending = Buffer.alloc(0);

  constructor(target: OutputStream, name: string) {
    super();
    this.#target = target;
    this.#prefix = Buffer.from(`${name}: `);
    // Report the target's terminal, so that untrusted output is escaped for it before it is written here.
    this.isTTY = target.isTTY === true;
    // The owner of the target handles its error; this stream only ends.
    this.on('error', () => undefined);
    target.once('error', (error) => this.destroy(error));
  }

  /** Rows of several sources cannot be redrawn: from now on, only the last state of a row is written, once its line ends. */
  holdRows(): void {
    this.#holdsRows = true;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    const lines: Buffer[] = [];
    let rest = Buffer.concat([this.#pending, chunk]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      const line = rest.subarray(0, end + 1);
      lines.push(this.#prefix, this.#holdsRows ? lastState(line) : line);
      rest = rest.subarray(end + 1);
    }
    if (this.#holdsRows) rest = Buffer.from(lastState(rest));
    if (rest.byteLength > maxLineBytes) {
      lines.push(this.#prefix, rest, Buffer.from('\n'));
      rest = Buffer.alloc(0);
    }
    this.#pending = Buffer.from(rest);
    void this.#passOn(Buffer.concat(lines), done);
  }

  async #passOn(bytes: Buffer, done: () => void): Promise<void> {
    await write(this.#target, bytes);
    done();
  }

  override _final(done: (error?: Error) => void): void {
    const rest = this.#pending;
    const last = rest.byteLength === 0 ? rest : Buffer.concat([this.#prefix, rest, Buffer.from('\n')]);
    void this.#passOn(last, done);
  }
}

/** Resolves once everything was written to the target. */
export function endStream(stream: PrefixedStream): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.end();
  });
}
