/** Writes lines to a stream that may have no reader: lines that do not fit are dropped and counted, and the count is written later. */
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { OutputStream } from './io.ts';

/** The most that is buffered for a slow reader: some thousand lines. */
const maxWaitingBytes = 1024 * 1024;

/** At the end: how long a reader may take to read the buffered lines. */
const retryForMs = 1_000;

export interface LineSink {
  readonly write: (line: string) => void;
  /** Resolves when all is written. Drops the rest if it is not read in time, because it would keep the process alive. */
  readonly end: () => Promise<void>;
}

/** Closes a stdio pipe: its own destroy() does not, and the bytes that wait in it would keep the process alive. */
function abandon(stream: OutputStream): void {
  if (stream instanceof Socket) Socket.prototype._destroy.call(stream, null, () => undefined);
}

/** `renderDropped` renders the line with the number of dropped lines. All lines include their line ends. */
export function openLineSink(stream: OutputStream, renderDropped: (count: number) => string): LineSink {
  let dropped = 0;
  const tellDropped = (): void => {
    if (dropped === 0) return;
    const count = dropped;
    dropped = 0;
    stream.write(renderDropped(count));
  };
  stream.on('drain', tellDropped);
  return {
    write(line) {
      if (stream.destroyed) return;
      if (dropped > 0 || stream.writableLength > maxWaitingBytes) dropped++;
      else stream.write(line);
    },
    async end() {
      if (stream.destroyed || !stream.writableNeedDrain) return;
      await once(stream, 'drain', { signal: AbortSignal.timeout(retryForMs) }).catch(() => abandon(stream));
    },
  };
}
