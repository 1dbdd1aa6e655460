/** Searches output for a text in chunks, because the output may be too long to hold in memory. */
import type { CommandSource, Stream } from './command-source.ts';
import type { ShowBytes } from './host.ts';
import { dropContinuation, splitIncomplete } from '../text/utf8.ts';

const chunkBytes = 1024 * 1024;

/** Limit for one call: the next call continues from there. */
const scanBytes = 64 * chunkBytes;

const maxMatches = 100;
const roomChars = 10_000;

/** How much of a long line is shown before and after the match. */
const beforeBytes = 200;
const behindBytes = 300;

export interface Match {
  /** Offset of the line, or of the part of it that is shown. */
  offset: number;
  line: string;
}

export interface Found {
  matches: Match[];
  /** Where the next search continues. */
  nextOffset: number;
}

/** `end`: size of the output. Compares plain bytes: no patterns, and upper and lower case differ. */
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
  /** `base`: offset of the first byte in the buffer. `at`: offset of the first byte that was not searched. */
  let base = offset;
  let at = offset;
  for (;;) {
    const readTo = base + buffer.length;
    const found = buffer.indexOf(needle, at - base);
    const isShort = found === -1 || found + behindBytes > buffer.length;
    if (isShort && readTo < limit) {
      // Keep the bytes that may belong to the next match: the beginning of its line, or of the text itself.
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
    // Where a long line is cut, drop an incomplete character.
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
