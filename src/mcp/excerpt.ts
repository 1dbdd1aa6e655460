/** Cuts long output to its beginning and its end, so that an answer stays small. */
import type { CommandSource, Snapshot, Stream } from './command-source.ts';
import type { ShowBytes } from './host.ts';
import { dropContinuation, splitIncomplete } from '../text/utf8.ts';

/** Limit for both streams together, after escaping: the whole answer then stays below 16 KiB. */
const roomChars = 12_000;

/** The beginning of a long stream gets this share, the end the rest: errors and results come last. */
const headShare = 1 / 3;

export interface Excerpt {
  /** The beginning; the whole stream if it is short enough. */
  head: string;
  /** The end; empty if `head` is the whole stream. */
  tail: string;
  bytes: number;
  /** Bytes left out between head and tail. */
  omittedBytes: number;
  /** Offset of the first byte that is left out; null if none is. */
  nextOffset: number | null;
}

/** As much of the beginning as fits after escaping. `isWhole`: no bytes follow, so an incomplete character is shown, not cut off. */
export function fitHead(
  bytes: Buffer,
  room: number,
  isWhole: boolean,
  show: ShowBytes,
): { text: string; taken: number } {
  for (let length = Math.min(bytes.length, room); ; length = Math.floor((length * 3) / 4)) {
    const piece = bytes.subarray(0, length);
    const kept = isWhole && length === bytes.length ? piece : splitIncomplete(piece)[0];
    const text = show(kept);
    // With little room, take at least a few bytes: otherwise a reader would make no progress.
    if (text.length <= room || length <= 4) return { text, taken: kept.length === 0 ? length : kept.length };
  }
}

/** As much of the end as fits after escaping. */
export function fitTail(bytes: Buffer, room: number, show: ShowBytes): { text: string; taken: number } {
  for (let length = Math.min(bytes.length, room); ; length = Math.floor((length * 3) / 4)) {
    const piece = bytes.subarray(bytes.length - length);
    const kept = dropContinuation(piece);
    const text = show(kept);
    if (text.length <= room || length <= 4) return { text, taken: kept.length };
  }
}

async function excerptOf(
  source: CommandSource,
  { id, bytes }: Snapshot,
  stream: Stream,
  room: number,
  show: ShowBytes,
): Promise<Excerpt> {
  const total = bytes[stream];
  if (total <= room) {
    const all = await source.read(id, stream, 0, total);
    const { text, taken } = fitHead(all, room, true, show);
    if (taken === all.length)
      return { head: text, tail: '', bytes: total, omittedBytes: 0, nextOffset: null };
  }
  const headRoom = Math.floor(room * headShare);
  const tailRoom = room - headRoom;
  const head = fitHead(await source.read(id, stream, 0, Math.min(headRoom, total)), headRoom, false, show);
  const tailBytes = Math.min(tailRoom, total - head.taken);
  const tail = fitTail(await source.read(id, stream, total - tailBytes, tailBytes), tailRoom, show);
  return {
    head: head.text,
    tail: tail.text,
    bytes: total,
    omittedBytes: total - head.taken - tail.taken,
    nextOffset: head.taken,
  };
}

/** Each stream may use at least a quarter of the room, and all that the other one does not need. */
function shareRoom({ stdout, stderr }: Snapshot['bytes']): Record<Stream, number> {
  const least = roomChars / 4;
  const forStderr = Math.min(Math.max(least, roomChars - stdout), Math.max(stderr, least));
  return { stdout: roomChars - forStderr, stderr: forStderr };
}

export async function readExcerpts(
  source: CommandSource,
  snapshot: Snapshot,
  show: ShowBytes,
): Promise<Record<Stream, Excerpt>> {
  const room = shareRoom(snapshot.bytes);
  return {
    stdout: await excerptOf(source, snapshot, 'stdout', room.stdout, show),
    stderr: await excerptOf(source, snapshot, 'stderr', room.stderr, show),
  };
}
