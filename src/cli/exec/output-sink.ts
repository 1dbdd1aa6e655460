/** Where the remote's output goes: byte for byte into pipes, escaped onto terminals, collected for --json. */
import { OutputEscaper } from '../../terminal/escape.ts';
import { type OutputStream, write } from '../../terminal/io.ts';

export interface OutputSink {
  write(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

export function openSink(stream: OutputStream, raw: boolean): OutputSink {
  if (raw || stream.isTTY !== true)
    return { write: (bytes) => write(stream, bytes), end: () => Promise.resolve() };
  const escaper = new OutputEscaper();
  return { write: (bytes) => write(stream, escaper.push(bytes)), end: () => write(stream, escaper.end()) };
}

/** More than this is for pipes, not for one JSON object. */
const collectLimitBytes = 16 * 1024 * 1024;

export class CollectedOutput implements OutputSink {
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  /** All that came, kept or not. */
  bytes = 0;

  async write(bytes: Buffer): Promise<void> {
    this.bytes += bytes.byteLength;
    const room = Math.max(0, collectLimitBytes - this.#kept);
    const kept = bytes.subarray(0, room);
    this.#kept += kept.byteLength;
    this.#chunks.push(Buffer.from(kept));
  }

  async end(): Promise<void> {}

  get isTruncated(): boolean {
    return this.bytes > this.#kept;
  }

  /** UTF-8; what is none becomes U+FFFD. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
