/** The streams of the process, passed as parameters: no other code uses process.stdin, stdout or stderr. */
import type { Readable, Writable } from 'node:stream';

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Only for a stream that forwards whole lines: from now on, a carriage return without a line feed restarts the line. */
  readonly holdRows?: () => void;
}

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** The first error of stdout, if there was one. */
  readonly stdoutError: () => (Error & { code?: string }) | undefined;
}

export function openIo(): Io {
  // Without a handler, a reader that closes the pipe causes a stack trace. Not every stream stores its own error.
  let stdoutError: Error | undefined;
  process.stdout.on('error', (error: Error) => {
    stdoutError ??= error;
  });
  let stderr: OutputStream | undefined;
  return {
    // Getters, because Node opens a stream at its first use, and most runs use neither stdin nor stderr.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    get stderr() {
      stderr ??= process.stderr.on('error', () => undefined);
      return stderr;
    },
    stdoutError: () => stdoutError,
  };
}

/** Resolves when the stream accepts more, so that output for a slow reader does not pile up in memory. */
export function write(stream: OutputStream, bytes: Uint8Array | string): Promise<void> {
  if (stream.destroyed || stream.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      stream.off('error', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
    stream.once('error', done);
  });
}
