/** Writes the remote's output to a stream unchanged. */
import { type OutputStream, write } from '../../terminal/io.ts';

export interface OutputSink {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

export interface OutputStreams {
  stdout: OutputStream;
  stderr: OutputStream;
}

export function openPipeSink(stream: OutputStream): OutputSink {
  return { write: (bytes) => write(stream, bytes), end: () => Promise.resolve() };
}
