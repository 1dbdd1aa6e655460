/** Tracks the terminal row that untrusted output is on, so that a carriage return redraws this row and none above it. */

import { colours } from '../text/sequences.ts';

export interface RowOptions {
  /** The current width of the terminal; 0 while unknown. */
  columns: () => number;
  /** Whether the terminal can erase a row; if not, a redraw starts a new row. */
  canErase: boolean;
  /** The target writes whole lines only, and restarts a line at a carriage return without a line feed. */
  holdsRows: boolean;
}

/** Columns of one character; rather too many than too few. */
function widthOf(char: string): number {
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x1100) return 1;
  // Bars, boxes, arrows, braille: the characters of progress displays.
  return point >= 0x2000 && point < 0x2c00 && !/\p{Emoji_Presentation}/u.test(char) ? 1 : 2;
}

/** Streams that share a terminal share its row. */
export class TerminalRow {
  readonly #options: RowOptions;
  #width = 0;
  #isWrapped = false;
  /** The streams whose text is on the row. */
  readonly #writers = new Set<object>();

  constructor(options: RowOptions) {
    this.#options = options;
  }

  /** Text that `writer` is about to print: printable, tabs, newlines and colours. */
  add(writer: object, text: string): void {
    const lineStart = text.lastIndexOf('\n') + 1;
    if (lineStart > 0) this.#clear();
    const tail = text.slice(lineStart).replaceAll(colours, '');
    if (tail === '') return;
    this.#writers.add(writer);
    if (/^[\x20-\x7e]*$/.test(tail)) this.#width += tail.length;
    else for (const char of tail) this.#width += char === '\t' ? 8 - (this.#width % 8) : widthOf(char);
    this.#isWrapped ||= this.#width > this.#options.columns();
  }

  /**
   * Returns what to print for a carriage return of `writer` that text follows: erases the row, or starts a new one if erasing would leave
   * a part of the row or remove text of another stream.
   */
  restart(writer: object): string {
    const { columns, canErase, holdsRows } = this.#options;
    const isEmpty = this.#width === 0;
    const isShared = [...this.#writers].some((one) => one !== writer);
    // The terminal may be narrower now than when the row was written, and have wrapped it.
    const isWrapped = this.#isWrapped || this.#width > columns();
    this.#clear();
    if (isEmpty) return '';
    if (holdsRows) return '\r';
    return canErase && !isShared && !isWrapped ? '\r\x1b[K' : '\n';
  }

  #clear(): void {
    this.#width = 0;
    this.#isWrapped = false;
    this.#writers.clear();
  }
}
