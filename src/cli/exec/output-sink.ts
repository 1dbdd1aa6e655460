/** Where the remote's output goes: byte for byte into pipes, escaped onto terminals, collected for --json. */
import { openPipeSink, type OutputSink, type OutputStreams } from './pipe-sink.ts';

export type { OutputSink } from './pipe-sink.ts';

/** `raw`: nothing is escaped, not even on a terminal. `term`: the value of TERM. */
export async function openSinks(
  { stdout, stderr }: OutputStreams,
  raw: boolean,
  term: string | undefined,
): Promise<Record<keyof OutputStreams, OutputSink>> {
  if (raw || (stdout.isTTY !== true && stderr.isTTY !== true))
    return { stdout: openPipeSink(stdout), stderr: openPipeSink(stderr) };
  const { openTerminalSinks } = await import('./terminal-sinks.ts');
  return openTerminalSinks({ stdout, stderr }, term);
}

/** Limit of one stream in the JSON object: larger output belongs in a pipe. */
const collectLimitBytes = 16 * 1024 * 1024;

export class CollectedOutput implements OutputSink {
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  /** All bytes that arrived, kept or not. */
  bytes = 0;

  async write(bytes: Uint8Array): Promise<void> {
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

  /** Decoded as UTF-8; invalid bytes become U+FFFD. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
