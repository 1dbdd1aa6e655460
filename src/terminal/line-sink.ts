/** Writes lines to a stream that may have no reader: lines that do not fit are dropped and counted, and the count is written later. */
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { OutputStream } from './io.ts';

/** What may wait for a slow reader: some thousand lines. */
const maxWaitingBytes = 1024 * 1024;

/** At the end: how long a reader may take for what waits. */
const retryForMs = 1_000;

export interface LineSink {
  readonly write: (line: string) => void;
  /** Resolves when all is written, or when no reader takes it in time: the rest is dropped, as it would keep the process alive. */
  readonly end: () => Promise<void>;
}

/** Closes a pipe of the process for good: its own destroy() lets it be, and what waits in it keeps the process. */
function abandon(stream: OutputStream): void {
  if (stream instanceof Socket) Socket.prototype._destroy.call(stream, null, () => undefined);
}

/** `renderDropped`: the line that says how many there were. Lines bring their own line ends. */
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
