/** Untrusted output on a terminal: control bytes are escaped, a carriage return redraws its row. */
import { type OutputStream, write } from '../../terminal/io.ts';
import { OutputEscaper } from '../../terminal/output-escaper.ts';
import { TerminalRow } from '../../terminal/terminal-row.ts';
import { openPipeSink, type OutputSink, type OutputStreams } from './pipe-sink.ts';

function openSink(stream: OutputStream, row: TerminalRow | undefined): OutputSink {
  if (!row) return openPipeSink(stream);
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

/** `term`: the value of TERM. A stream that is not a terminal gets its bytes unchanged. */
export function openTerminalSinks(
  { stdout, stderr }: OutputStreams,
  term: string | undefined,
): Record<keyof OutputStreams, OutputSink> {
  const row = stdout.isTTY === true ? openRow(stdout, term) : undefined;
  const rowOfStderr =
    stderr.isTTY !== true
      ? undefined
      : // Both streams write to the same row of one terminal.
        row && stderr.holdRows === undefined
        ? row
        : openRow(stderr, term);
  return { stdout: openSink(stdout, row), stderr: openSink(stderr, rowOfStderr) };
}
