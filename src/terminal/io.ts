/** Streams are handed in: nothing else touches process.stdin, stdout or stderr. */
import type { Readable, Writable } from 'node:stream';

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Of a stream that passes whole lines on: from now on a bare carriage return is a new beginning of the line. */
  readonly holdRows?: () => void;
}

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** What went wrong with stdout, if something did. */
  readonly stdoutError: () => (Error & { code?: string }) | undefined;
}

export function openIo(): Io {
  // A reader that went away is no reason for a stack trace. Not every stream remembers its error by itself.
  let stdoutError: Error | undefined;
  process.stdout.on('error', (error: Error) => {
    stdoutError ??= error;
  });
  let stderr: OutputStream | undefined;
  return {
    // Node opens a stream at its first use: most runs read nothing and complain of nothing.
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

/** Resolves when the stream can take more: what is piped into a slow reader waits here, not in memory. */
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
