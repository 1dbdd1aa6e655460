/** Where the remote's output goes: byte for byte into pipes, escaped onto terminals, collected for --json. */
import { type OutputStream, write } from '../../terminal/io.ts';
import { OutputEscaper } from '../../terminal/output-escaper.ts';
import { TerminalRow } from '../../terminal/terminal-row.ts';

export interface OutputSink {
  write(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

function openSink(stream: OutputStream, row: TerminalRow | undefined): OutputSink {
  if (!row) return { write: (bytes) => write(stream, bytes), end: () => Promise.resolve() };
  const escaper = new OutputEscaper(row);
  return { write: (bytes) => write(stream, escaper.push(bytes)), end: () => write(stream, escaper.end()) };
}

function openRow(stream: OutputStream, term: string | undefined): TerminalRow {
  stream.holdRows?.();
  return new TerminalRow({
    columns: () => stream.columns ?? 0,
    canErase: term !== undefined && term !== 'dumb',
    holdsRows: stream.holdRows !== undefined,
  });
}

/** `raw`: bytes pass as they are on a terminal too. `term`: the kind of terminal, as TERM has it. */
export function openSinks(
  { stdout, stderr }: { stdout: OutputStream; stderr: OutputStream },
  raw: boolean,
  term: string | undefined,
): { stdout: OutputSink; stderr: OutputSink } {
  const isShown = (stream: OutputStream): boolean => !raw && stream.isTTY === true;
  const row = isShown(stdout) ? openRow(stdout, term) : undefined;
  const rowOfStderr = !isShown(stderr)
    ? undefined
    : // One terminal has one row, whichever stream the text comes by.
      row && stderr.holdRows === undefined
      ? row
      : openRow(stderr, term);
  return { stdout: openSink(stdout, row), stderr: openSink(stderr, rowOfStderr) };
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
