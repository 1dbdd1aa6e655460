/** Renders and parses the lines of a journal: a checksum, a space, and one entry as JSON. */
import { crc32 } from 'node:zlib';
import { parseJsonFields } from '../protocol/json-fields.ts';
import { readBytes } from './write-file.ts';

/** One change, as plain data. */
export type Entry = Readonly<Record<string, unknown>>;

/** Bytes per read or write. */
export const chunkBytes = 1024 * 1024;

/** Length of the checksum and the space after it. */
const sumBytes = 9;

function checksum(text: Uint8Array): string {
  return crc32(text).toString(16).padStart(8, '0');
}

export function renderLine(entry: Entry): Buffer {
  const text = JSON.stringify(entry);
  const end = sumBytes + Buffer.byteLength(text);
  const line = Buffer.allocUnsafe(end + 1);
  line.write(text, sumBytes);
  line.write(`${checksum(line.subarray(sumBytes, end))} `, 'latin1');
  line[end] = 0x0a;
  return line;
}

/** Undefined if the checksum does not match. */
export function parseLine(line: Buffer): Entry | undefined {
  const text = line.subarray(sumBytes);
  return line.toString('latin1', 0, sumBytes) === `${checksum(text)} `
    ? parseJsonFields(text.toString())
    : undefined;
}

/** Complete lines, each with the offset of its end in the file. */
export async function* readLines(file: number): AsyncGenerator<{ line: Buffer; end: number }> {
  let rest = Buffer.alloc(0);
  let start = 0;
  for (let at = 0; ; ) {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await readBytes(file, buffer, 0, chunkBytes, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    let from = 0;
    for (let to = rest.indexOf(0x0a); to !== -1; to = rest.indexOf(0x0a, from)) {
      yield { line: rest.subarray(from, to), end: start + to + 1 };
      from = to + 1;
    }
    rest = rest.subarray(from);
    start += from;
  }
}
