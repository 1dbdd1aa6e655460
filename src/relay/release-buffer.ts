/**
 * Frees the memory of large buffers without a garbage collection. The collector runs only after tens of MiB of them,
 * since the objects themselves are small.
 */
import { MessageChannel } from 'node:worker_threads';

/** Below this size a release costs more than it saves. */
const minBytes = 16 * 1024;

/** A closed port: it takes over the memory of a transferred buffer and frees it immediately. */
const drain = new MessageChannel().port1;
drain.close();

/**
 * Frees the memory of a buffer, which is empty afterwards: no code may use it again. Does nothing if the buffer shares
 * its memory.
 */
export function releaseBuffer({ buffer, byteLength }: Buffer): void {
  if (byteLength < minBytes || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  drain.postMessage(null, [buffer]);
}
