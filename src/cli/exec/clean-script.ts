/** Cleans scripts from other systems for bash: removes a byte order mark, converts CRLF to LF, refuses UTF-16 and mixed line ends. */
import { quoteForShell } from '../../protocol/quote-for-shell.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';

const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf]);
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

export interface CleanScript {
  text: Buffer;
  /** What was changed, for stderr. */
  notices: string[];
}

function refuse(message: string, hint: string): Failure {
  return new Failure(message, hint, exitCodes.usage, 'file');
}

/** Detects UTF-16 and UTF-32 by the byte order mark. Without a mark, ASCII text in UTF-16 has a NUL in every other byte. */
function findWideEncoding(text: Buffer): string | undefined {
  const start = text.subarray(0, 4).toString('hex');
  if (start === 'fffe0000' || start === '0000feff') return 'UTF-32';
  if (start.startsWith('fffe') || start.startsWith('feff')) return 'UTF-16';
  const sample = text.subarray(0, 512);
  if (sample.byteLength < 4) return undefined;
  const nulls = [0, 0];
  sample.forEach((byte, at) => {
    if (byte === 0) nulls[at % 2] = (nulls[at % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = nulls;
  const most = Math.floor(sample.byteLength / 2) * 0.9;
  if (odd >= most && even === 0) return 'UTF-16LE';
  return even >= most && odd === 0 ? 'UTF-16BE' : undefined;
}

interface LineEnds {
  crlf: number;
  lf: number;
  /** Carriage returns without a line feed. */
  cr: number;
}

function countLineEnds(text: Buffer): LineEnds {
  const ends: LineEnds = { crlf: 0, lf: 0, cr: 0 };
  for (let at = 0; at < text.byteLength; at++) {
    const byte = text[at];
    if (byte === carriageReturn && text[at + 1] === lineFeed) {
      ends.crlf++;
      at++;
    } else if (byte === carriageReturn) ends.cr++;
    else if (byte === lineFeed) ends.lf++;
  }
  return ends;
}

/** latin1 keeps each byte as it is. */
function dropReturns(text: Buffer): Buffer {
  return Buffer.from(text.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/**
 * Converts a script whose lines all end in CRLF, here-documents included: bash could not run it at all, so its author means LF. Refuses a
 * script with both line ends: `cd /build` with a carriage return fails, and the next line runs in the wrong folder. `path` is `-` for stdin.
 */
export function cleanScript(given: Buffer, path: string): CleanScript {
  const name = path === '-' ? 'the script on stdin' : path;
  const source = path === '-' ? 'SCRIPT' : quoteForShell(path);
  const wide = findWideEncoding(given);
  if (wide !== undefined) {
    throw refuse(
      `${name} is ${wide} text, which bash cannot read`,
      `convert it: iconv -f ${wide} -t UTF-8 ${source} | remotify exec -f -`,
    );
  }
  const notices: string[] = [];
  let text = given;
  if (text.subarray(0, 3).equals(utf8Mark)) {
    text = text.subarray(3);
    notices.push(`removed the byte order mark (BOM) from ${name}`);
  }
  const { crlf, lf, cr } = countLineEnds(text);
  if (crlf > 0 && lf > 0) {
    throw refuse(
      `${name} mixes line ends: ${crlf} CRLF, ${lf} LF`,
      `convert it: tr -d '\\r' < ${source} | remotify exec -f -; or send it unchanged: remotify exec -i 'bash -s' < ${source}`,
    );
  }
  if (crlf === 0 && lf === 0 && cr > 0) {
    throw refuse(
      `${name} has no line feeds, only carriage returns: bash reads it as one line`,
      `convert it: tr '\\r' '\\n' < ${source} | remotify exec -f -`,
    );
  }
  if (crlf > 0) {
    text = dropReturns(text);
    notices.push(`converted ${countOf(crlf)} in ${name} from CRLF to LF`);
  }
  return { text, notices };
}

function countOf(lineEnds: number): string {
  return lineEnds === 1 ? '1 line end' : `${lineEnds} line ends`;
}

/** The same for a typed command. Mixed line ends may be intended there, so they are sent unchanged. */
export function cleanArgument(given: string): CleanScript {
  const notices: string[] = [];
  const hasMark = given.startsWith('\ufeff');
  if (hasMark) notices.push('removed the byte order mark (BOM) from the command');
  let text: Buffer = Buffer.from(hasMark ? given.slice(1) : given);
  const { crlf, lf } = countLineEnds(text);
  if (crlf > 0 && lf === 0) {
    text = dropReturns(text);
    notices.push(`converted ${countOf(crlf)} in the command from CRLF to LF`);
  }
  return { text, notices };
}
