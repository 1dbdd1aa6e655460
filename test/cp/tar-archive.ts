/** Renders tar archives that a real tar would not write: entry by entry, in the ustar format of POSIX. */

export type Entry = {
  name: string;
  /** `0` file, `1` hard link, `2` symlink, `3` character device, `5` folder, `6` fifo. */
  type?: string;
  link?: string;
  bytes?: string;
  /** The size in the header, if it is not that of the bytes. */
  size?: number;
  mode?: number;
};

const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;

/** A size that is too large for the octal digits is binary with the highest bit set, as GNU tar writes it. */
function sizeField(size: number): Buffer {
  if (size < 8 ** 11) return Buffer.from(octal(size, 12));
  const field = Buffer.alloc(12);
  field[0] = 0x80;
  field.writeBigUInt64BE(BigInt(size), 4);
  return field;
}

function renderEntry({ name, type = '0', link = '', bytes = '', size, mode = 0o644 }: Entry): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  sizeField(size ?? Buffer.byteLength(bytes)).copy(header, 124);
  header.write(octal(1_000_000_000, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\0' + '00', 257);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(bytes) / 512) * 512);
  body.write(bytes);
  return Buffer.concat([header, body]);
}

export function renderArchive(entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.map(renderEntry), Buffer.alloc(1024)]);
}
