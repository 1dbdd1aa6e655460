/** Looking for a text in output that is too long to be read whole. */
import type { CommandSource, Stream } from './command-source.ts';
import type { ShowBytes } from './host.ts';
import { dropContinuation, splitIncomplete } from '../text/utf8.ts';

const chunkBytes = 1024 * 1024;

/** What one call reads at most: the next one goes on from there. */
const scanBytes = 64 * chunkBytes;

const maxMatches = 100;
const roomChars = 10_000;

/** Of a long line, what is shown before and behind the text that was found. */
const beforeBytes = 200;
const behindBytes = 300;

export interface Match {
  /** Of the line, or of the part of it that is shown. */
  offset: number;
  line: string;
}

export interface Found {
  matches: Match[];
  /** Where the search goes on. */
  nextOffset: number;
}

/** `end`: bytes that there are. Plain text, byte for byte, upper and lower case apart. */
export async function searchOutput(
  source: CommandSource,
  where: { id: string; stream: Stream; offset: number; end: number },
  text: string,
  show: ShowBytes,
): Promise<Found> {
  const { id, stream, offset, end } = where;
  const needle = Buffer.from(text);
  const limit = Math.min(end, offset + scanBytes);
  const matches: Match[] = [];
  let room = roomChars;
  let buffer = Buffer.alloc(0);
  /** Offset of the first byte in the buffer, and of the first that was not searched. */
  let base = offset;
  let at = offset;
  for (;;) {
    const readTo = base + buffer.length;
    const found = buffer.indexOf(needle, at - base);
    const isShort = found === -1 || found + behindBytes > buffer.length;
    if (isShort && readTo < limit) {
      // What may belong to the next match stays: the beginning of its line, or of the text itself.
      const keepFrom = Math.max(0, (found === -1 ? buffer.length - needle.length + 1 : found) - beforeBytes);
      if (found === -1) at = Math.max(at, readTo - needle.length + 1);
      const more = await source.read(id, stream, readTo, Math.min(chunkBytes, limit - readTo));
      if (more.length === 0) return { matches, nextOffset: readTo };
      buffer = Buffer.concat([buffer.subarray(keepFrom), more]);
      base += keepFrom;
      continue;
    }
    if (found === -1) return { matches, nextOffset: limit };
    const lineStart = Math.max(buffer.lastIndexOf(0x0a, found) + 1, found - beforeBytes, 0);
    const lineEnd = buffer.indexOf(0x0a, found + needle.length);
    const shownTo = Math.min(lineEnd === -1 ? buffer.length : lineEnd, found + needle.length + behindBytes);
    // Where a long line is cut, half of a character is left out.
    const isCutBefore = lineStart > 0 && buffer[lineStart - 1] !== 0x0a;
    const piece = buffer.subarray(lineStart, shownTo);
    const fromWhole = isCutBefore ? dropContinuation(piece) : piece;
    const shown = shownTo === lineEnd || shownTo === end - base ? fromWhole : splitIncomplete(fromWhole)[0];
    const line = show(shown);
    const lineOffset = base + shownTo - fromWhole.length;
    if (matches.length > 0 && (matches.length >= maxMatches || line.length > room))
      return { matches, nextOffset: Math.max(at, lineOffset) };
    room -= line.length;
    matches.push({ offset: lineOffset, line });
    at = base + Math.max(shownTo, found + needle.length);
  }
}
