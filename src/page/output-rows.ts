/** Arranges the newest output of one command in rows. A carriage return redraws a row; over a limit, it drops the oldest rows. */
import type { Piece } from './output-parser.ts';
import { plainStyle, type TextStyle } from './text-style.ts';

export type Stream = 'stdout' | 'stderr';

export interface RowPiece {
  text: string;
  style: TextStyle;
  isSpelled: boolean;
}

export interface Row {
  readonly stream: Stream;
  /** Pieces that are not on the page yet. */
  pieces: RowPiece[];
  chars: number;
  cost: number;
  /** The view must remove what it shows of this row. */
  isRedrawn: boolean;
  /** The row was too long, and continues in the next row. */
  isContinued: boolean;
}

/** Limits for the output of one command on the page. */
export const maxChars = 256 * 1024;
export const maxRows = 4_000;

/** A longer row continues in the next one, so that dropping a row drops at most this much. */
const maxRowChars = 8 * 1024;

/** A piece with a style is an element of its own, which costs more than its text. */
const elementCost = 64;

/** The write position of a stream. */
interface Cursor {
  /** The row without a line end yet. */
  row: Row | undefined;
  /** A carriage return came, and no text since. */
  isReturned: boolean;
  /** The row was erased, and no text came since: a carriage return empties it. */
  isErased: boolean;
}

const freshCursor = (): Cursor => ({ row: undefined, isReturned: false, isErased: false });

export class OutputRows {
  readonly rows: Row[] = [];
  #cost = 0;
  #cursors: Record<Stream, Cursor> = { stdout: freshCursor(), stderr: freshCursor() };
  /** The stream that wrote last. */
  #writer: Stream = 'stdout';
  #gone: Row[] = [];
  /** Rows were dropped because of the limits. */
  isCut = false;

  add(stream: Stream, piece: Piece): void {
    const cursor = this.#cursors[stream];
    if (piece.kind === 'text') this.#addText(stream, cursor, piece);
    else if (piece.kind === 'line end') {
      if (!cursor.row) this.#begin(stream);
      else if (piece.isReturned && cursor.isErased) this.#redraw(cursor);
      this.leave(stream);
    } else {
      if (piece.kind === 'return') cursor.isReturned = true;
      else if (piece.isWhole || cursor.isReturned) cursor.isErased = true;
      if (cursor.isReturned && cursor.isErased) this.#redraw(cursor);
    }
    // Not at each piece: dropping from the front of a long list is slow.
    if (this.rows.length > 2 * maxRows || this.#cost > 2 * maxChars) this.#trim();
  }

  /** The next output starts a new row. */
  leave(stream: Stream): void {
    this.#cursors[stream] = freshCursor();
  }

  /** Applies the limits. Returns all rows that were dropped since the last call. */
  takeGone(): Row[] {
    this.#trim();
    const gone = this.#gone;
    this.#gone = [];
    return gone;
  }

  #trim(): void {
    let dropped = 0;
    let left = this.rows.length;
    for (; left > maxRows || (this.#cost > maxChars && left > 1); left--)
      this.#cost -= this.rows[dropped++]?.cost ?? 0;
    if (dropped === 0) return;
    this.isCut = true;
    this.#drop(0, dropped);
    for (const cursor of Object.values(this.#cursors))
      if (cursor.row && !this.rows.includes(cursor.row)) cursor.row = undefined;
  }

  #drop(at: number, count: number): void {
    this.#gone = this.#gone.concat(this.rows.splice(at, count));
  }

  #begin(stream: Stream): Row {
    const row: Row = {
      stream,
      pieces: [],
      chars: 0,
      cost: 0,
      isRedrawn: false,
      isContinued: false,
    };
    this.rows.push(row);
    this.#cursors[stream].row = row;
    return row;
  }

  /** Empties the row in its place, and drops the rows that it continues. */
  #redraw({ row }: Cursor): void {
    if (!row) return;
    let first = this.rows.lastIndexOf(row);
    const at = first;
    while (this.rows[first - 1]?.isContinued) this.#cost -= this.rows[--first]?.cost ?? 0;
    if (first < at) this.#drop(first, at - first);
    this.#cost -= row.cost;
    Object.assign(row, { pieces: [], chars: 0, cost: 0, isRedrawn: true });
  }

  #addText(stream: Stream, cursor: Cursor, { text, style, isSpelled }: RowPiece): void {
    if (cursor.isReturned) this.#redraw(cursor);
    cursor.isReturned = false;
    cursor.isErased = false;
    const isInterrupted = this.#writer !== stream && cursor.row !== this.rows.at(-1);
    this.#writer = stream;
    // A redrawn row keeps its place. Other text starts a new row, below what the other stream wrote.
    if (isInterrupted && cursor.row && cursor.row.chars > 0) cursor.row = undefined;
    for (let at = 0; at < text.length; ) {
      let row = cursor.row ?? this.#begin(stream);
      if (row.chars >= maxRowChars) {
        row.isContinued = row === this.rows.at(-1);
        row = this.#begin(stream);
      }
      let end = at + Math.max(1, maxRowChars - row.chars);
      // Do not split a surrogate pair.
      if (/[\ud800-\udbff]/.test(text.charAt(end - 1))) end++;
      const part = text.slice(at, end);
      row.pieces.push({ text: part, style, isSpelled });
      row.chars += part.length;
      const cost = part.length + (style === plainStyle && !isSpelled ? 0 : elementCost);
      row.cost += cost;
      this.#cost += cost;
      at += part.length;
    }
  }
}
