/** Untrusted bytes as text in which everything that acts on a screen, or hides in it, is there to be seen. */

/**
 * C0 but tab and newline, DEL, C1, what is invisible or changes direction, and the lone surrogates that stand for bytes which
 * are no UTF-8.
 */
const unsafe =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}\ud800-\udfff]+/u;

const splitter = new RegExp(`(${unsafe.source})`, 'u');

function spell(char) {
  const point = char.codePointAt(0);
  const byte = point >= 0xdc80 && point <= 0xdcff ? point - 0xdc00 : point;
  return byte < 0x100 ? `\\x${byte.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`;
}

const spellAll = (text) => Array.from(text, spell).join('');

/** For names, reasons and commands: plain text with everything spelled out. */
export function escapeText(text) {
  return text
    .split(splitter)
    .map((piece, at) => (at % 2 === 1 ? spellAll(piece) : piece))
    .join('');
}

/** Text nodes, and a span for each run that was spelled out. */
export function renderEscaped(text) {
  return text.split(splitter).map((piece, at) => {
    if (at % 2 === 0) return document.createTextNode(piece);
    const span = document.createElement('span');
    span.className = 'spelled';
    span.textContent = spellAll(piece);
    return span;
  });
}

const lengthOf = (lead) => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1);

/** How many bytes at the end begin a character that the chunk cut in two: at most three. */
function countIncomplete(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) !== 0x80) return lengthOf(byte) > back ? back : 0;
  }
  return 0;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A byte that is no UTF-8 becomes the surrogate 0xdc00 + byte, which no text that was decoded can hold. */
function decode(bytes) {
  const text = decoder.decode(bytes);
  if (!text.includes('\ufffd')) return text;
  const out = [];
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + lengthOf(bytes[at]));
    const char = decoder.decode(piece);
    const isSaid = piece[0] === 0xef && piece[1] === 0xbf && piece[2] === 0xbd;
    const isWhole = isSaid || !char.includes('\ufffd');
    out.push(isWhole ? char : String.fromCharCode(0xdc00 + bytes[at]));
    at += isWhole ? piece.length : 1;
  }
  return out.join('');
}

/** A stream whose characters and line ends may be cut anywhere. */
export class OutputDecoder {
  #rest = new Uint8Array();

  push(chunk) {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    const isCutLineEnd = bytes.at(-1) === 0x0d;
    const end = bytes.length - (isCutLineEnd ? 1 : countIncomplete(bytes));
    this.#rest = bytes.slice(end);
    return decode(bytes.subarray(0, end)).replaceAll('\r\n', '\n');
  }

  /** What was held back at the end of the last chunk. */
  end() {
    const text = decode(this.#rest);
    this.#rest = new Uint8Array();
    return text;
  }
}
