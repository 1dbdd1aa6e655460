/** Parses untrusted output into pieces: styled text, line ends, carriage returns and erasures. */
import { spell, unsafeCharacters } from '../text/escape.ts';
import { colour, erase, unfinished } from '../text/sequences.ts';
import { decode, dropContinuation, splitIncomplete } from '../text/utf8.ts';
import { concat } from '../client/concat.ts';
import { applyColour, plainStyle, type TextStyle } from './text-style.ts';

export type Piece =
  | { kind: 'text'; text: string; style: TextStyle; isSpelled: boolean }
  | { kind: 'line end'; isReturned: boolean }
  /** A carriage return: the next text replaces the row. */
  | { kind: 'return' }
  /** Erases the row, or only the part behind the cursor. */
  | { kind: 'erase'; isWhole: boolean };

/** A byte that is not UTF-8 becomes a lone surrogate, which decoded text never contains. */
const markByte = (byte: number): string => String.fromCharCode(0xdc00 + byte);

const isMark = (char: string): boolean => char.length === 1 && char >= '\udc80' && char <= '\udcff';

const spellAll = (text: string): string =>
  Array.from(text, (char) =>
    spell(isMark(char) ? String.fromCharCode(char.charCodeAt(0) - 0xdc00) : char),
  ).join('');

/** Plain text, then one of: a line end, a return, an escape character, a run of unsafe characters. */
const token = new RegExp(`\\r?\\n|\\r|\\x1b|(?:(?![\\r\\x1b])${unsafeCharacters})+`, 'gu');

/** Handles characters, sequences and line ends that are split between two chunks. */
export class OutputParser {
  #bytes: Uint8Array = new Uint8Array();
  #text = '';
  #style = plainStyle;
  #mayBeginInside: boolean;

  /** `mayBeginInside`: the first chunk may begin in the middle of a character. */
  constructor(mayBeginInside = false) {
    this.#mayBeginInside = mayBeginInside;
  }

  push(chunk: Uint8Array): Piece[] {
    const known = this.#mayBeginInside ? dropContinuation(chunk) : chunk;
    this.#mayBeginInside = false;
    const [whole, rest] = splitIncomplete(concat([this.#bytes, known]));
    this.#bytes = rest.slice();
    return this.#parse(this.#text + decode(whole, markByte), false);
  }

  /** Parses what was held back at the end of the last chunk. */
  end(): Piece[] {
    const text = this.#text + decode(this.#bytes, markByte);
    this.#bytes = new Uint8Array();
    return this.#parse(text, true);
  }

  #parse(text: string, isLast: boolean): Piece[] {
    const pieces: Piece[] = [];
    this.#text = '';
    const add = (part: string, isSpelled: boolean): void => {
      if (part !== '') pieces.push({ kind: 'text', text: part, style: this.#style, isSpelled });
    };
    for (let at = 0; at < text.length; ) {
      token.lastIndex = at;
      const found = token.exec(text);
      add(text.slice(at, found?.index ?? text.length), false);
      if (!found) break;
      const [sign] = found;
      at = found.index + sign.length;
      if (sign === '\x1b') {
        const rest = text.slice(found.index, found.index + 48);
        if (!isLast && found.index + rest.length === text.length && unfinished.test(rest)) {
          this.#text = rest;
          break;
        }
        at = found.index + this.#takeSequence(rest, pieces);
      } else if (sign === '\r') {
        if (at === text.length && !isLast) this.#text = sign;
        else pieces.push({ kind: 'return' });
      } else if (sign.endsWith('\n')) pieces.push({ kind: 'line end', isReturned: sign !== '\n' });
      else add(spellAll(sign), true);
    }
    return pieces;
  }

  /** Returns the length of the sequence. */
  #takeSequence(rest: string, pieces: Piece[]): number {
    const coloured = colour.exec(rest)?.[0];
    if (coloured !== undefined) {
      this.#style = applyColour(this.#style, coloured);
      return coloured.length;
    }
    const erased = erase.exec(rest)?.[0];
    if (erased !== undefined) pieces.push({ kind: 'erase', isWhole: erased.includes('2') });
    else pieces.push({ kind: 'text', text: spell('\x1b'), style: this.#style, isSpelled: true });
    return erased?.length ?? 1;
  }
}
