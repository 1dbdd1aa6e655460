/** The row of a terminal that untrusted output is on, so that a carriage return can redraw it and nothing above it. */

import { colours } from '../text/sequences.ts';

export interface RowOptions {
  /** Of the terminal now; 0 while unknown. */
  columns: () => number;
  /** Whether the terminal can erase a row; else a new one is begun. */
  canErase: boolean;
  /** What is written passes whole lines on, and takes a bare return for a new beginning of the line. */
  holdsRows: boolean;
}

/** Columns of one character, rather too many than too few. */
function widthOf(char: string): number {
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x1100) return 1;
  // Bars, boxes, arrows, braille: what progress is drawn with.
  return point >= 0x2000 && point < 0x2c00 && !/\p{Emoji_Presentation}/u.test(char) ? 1 : 2;
}

/** The streams that share a terminal share its row. */
export class TerminalRow {
  readonly #options: RowOptions;
  #width = 0;
  #isWrapped = false;
  /** Whose text is on the row. */
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
   * What to print for a carriage return of `writer` that more text follows: erases the row, or begins a new one where erasing would leave
   * a part of it or take what another stream wrote.
   */
  restart(writer: object): string {
    const { columns, canErase, holdsRows } = this.#options;
    const isEmpty = this.#width === 0;
    const isShared = [...this.#writers].some((one) => one !== writer);
    // Narrower than when it was written: the terminal has wrapped it since.
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
