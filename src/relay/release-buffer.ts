/**
 * Memory of large buffers, given back without a garbage collection: one comes only after tens of MiB of them, as the objects themselves are
 * small.
 */
import { MessageChannel } from 'node:worker_threads';

/** Below this a release costs more than it saves. */
const minBytes = 16 * 1024;

/** Takes over the memory of what it is sent, and drops it at once. */
const drain = new MessageChannel().port1;
drain.close();

/** Frees the memory of a buffer, which is empty afterwards: no code may use it again. A buffer that shares its memory is not freed here. */
export function releaseBuffer({ buffer, byteLength }: Buffer): void {
  if (byteLength < minBytes || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  drain.postMessage(null, [buffer]);
}
