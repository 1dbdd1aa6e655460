/** Escapes untrusted output for a terminal: keeps colours, tabs and line ends; a carriage return redraws its row. */
import { colour, erase, unfinished } from '../text/sequences.ts';
import type { TerminalRow } from './terminal-row.ts';
import { escapeUnsafe, spell } from '../text/escape.ts';
import { decode, splitIncomplete } from '../text/utf8.ts';

/** Chunks may split sequences anywhere. */
export class OutputEscaper {
  readonly #row: TerminalRow;
  #pendingBytes = Buffer.alloc(0);
  #pendingText = '';
  /** A carriage return came, and no text since. */
  #isReturned = false;
  /** Colours after that return: they must not colour the row that is erased. */
  #heldColours = '';
  #out = '';

  constructor(row: TerminalRow) {
    this.#row = row;
  }

  push(chunk: Uint8Array): string {
    const [whole, rest] = splitIncomplete(Buffer.concat([this.#pendingBytes, chunk]));
    this.#pendingBytes = Buffer.from(rest);
    return this.#escape(this.#pendingText + decode(whole), false);
  }

  /** Returns the text that was held back from the last chunk. A return at the very end does not erase its row. */
  end(): string {
    const text = this.#pendingText + decode(this.#pendingBytes);
    this.#pendingBytes = Buffer.alloc(0);
    return this.#escape(text, true);
  }

  #escape(text: string, isLast: boolean): string {
    this.#pendingText = '';
    this.#out = '';
    const sign = /[\x1b\r]/g;
    for (let at = 0; at < text.length; ) {
      sign.lastIndex = at;
      const plainEnd = sign.exec(text)?.index ?? text.length;
      this.#print(escapeUnsafe(text.slice(at, plainEnd)));
      at = plainEnd;
      if (at >= text.length) break;
      const rest = text.slice(at, at + 48);
      if (!isLast && at + rest.length === text.length && this.#mayGrow(rest)) {
        this.#pendingText = rest;
        break;
      }
      at += this.#take(rest);
    }
    const out = this.#out + this.#heldColours;
    this.#heldColours = '';
    return out;
  }

  #mayGrow(rest: string): boolean {
    return unfinished.test(rest) && !(this.#isReturned && erase.test(rest));
  }

  /** Handles a carriage return or an escape sequence. Returns its length. */
  #take(rest: string): number {
    if (rest.startsWith('\r')) {
      this.#isReturned = true;
      return 1;
    }
    const coloured = colour.exec(rest)?.[0];
    if (coloured !== undefined) {
      if (this.#isReturned) this.#heldColours += coloured;
      else this.#out += coloured;
      return coloured.length;
    }
    const erased = erase.exec(rest)?.[0];
    const isBeforeReturn = erased !== undefined && rest.startsWith('\r', erased.length);
    if (erased !== undefined && (this.#isReturned || isBeforeReturn)) {
      if (this.#isReturned || erased === '\x1b[2K') this.#out += this.#row.restart(this);
      return erased.length;
    }
    this.#print(spell('\x1b'));
    return 1;
  }

  #print(text: string): void {
    if (text === '') return;
    if (this.#isReturned) this.#out += text.startsWith('\n') ? '\r' : this.#row.restart(this);
    this.#isReturned = false;
    this.#out += this.#heldColours + text;
    this.#heldColours = '';
    this.#row.add(this, text);
  }
}
