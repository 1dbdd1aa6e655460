/** The output of one command as rows. stdout and stderr are told apart by a mark and a word, besides the colour. */
import { make, makeSpoken } from './dom.ts';
import { OutputParser, type Piece } from './output-parser.ts';
import { type Colour, plainStyle, type TextStyle } from './text-style.ts';

export type Stream = 'stdout' | 'stderr';

/** What one command may take of the page; the newest output stays. */
const maxChars = 256 * 1024;
const maxRows = 4_000;

/** A longer row goes on in the next element: what is dropped is dropped in pieces. */
const maxRowChars = 8 * 1024;

/** A piece with a style is an element of its own, which costs more than its text. */
const elementCost = 64;

/** The beginning, for screen readers. */
const excerptRows = 5;
const excerptChars = 200;

interface Row {
  element: HTMLElement;
  stream: Stream;
  chars: number;
  /** A return came, and no text since. */
  isReturned: boolean;
}

/** One of the 16 colours that the style sheet has, or a colour of its own. */
function toCss(colour: Colour | undefined): string {
  return typeof colour === 'number' ? `var(--ink-${colour})` : (colour ?? '');
}

function renderPiece(text: string, style: TextStyle, isSpelled: boolean): Node {
  if (style === plainStyle && !isSpelled) return document.createTextNode(text);
  const element = make('span', '', text);
  const { ink, paper, isInverse = false } = style;
  const marks = {
    spelled: isSpelled,
    bold: style.isBold,
    dim: style.isDim,
    italic: style.isItalic,
    underlined: style.isUnderlined,
    struck: style.isStruck,
    inverse: isInverse && ink === undefined && paper === undefined,
  };
  for (const [name, isSet = false] of Object.entries(marks)) if (isSet) element.classList.add(name);
  if (isSpelled) return element;
  const [front, back] = isInverse ? [paper, ink] : [ink, paper];
  // Text without a colour on a paper with one would be unreadable in one of the two schemes.
  element.style.color = toCss(front) || (back === undefined ? '' : 'var(--page)');
  element.style.backgroundColor = toCss(back);
  return element;
}

export class OutputView {
  readonly element = make('div', 'output');
  /** Output was left out before what is shown. */
  isCut = false;
  #parsers: Record<Stream, OutputParser> = { stdout: new OutputParser(), stderr: new OutputParser() };
  #costs: number[] = [];
  #cost = 0;
  /** The row that the next piece continues; none after a line end. */
  #open: Row | undefined;

  constructor() {
    this.element.setAttribute('role', 'group');
    this.element.hidden = true;
  }

  append(stream: Stream, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const excess = Math.max(0, bytes.length - 2 * maxChars);
    if (excess > 0) this.skip(stream);
    this.#add(stream, this.#parsers[stream].push(bytes.subarray(excess)));
  }

  /** What comes next does not follow what came last. */
  skip(stream: Stream): void {
    this.isCut = true;
    this.#open = undefined;
    this.#parsers[stream] = new OutputParser();
  }

  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.#add(stream, this.#parsers[stream].end());
  }

  get excerpt(): string {
    const rows = [...this.element.children].slice(0, excerptRows);
    return rows
      .map((row) => row.textContent ?? '')
      .join(' ')
      .slice(0, excerptChars);
  }

  get rows(): number {
    return this.#costs.length;
  }

  #add(stream: Stream, pieces: readonly Piece[]): void {
    if (pieces.length === 0) return;
    for (const piece of pieces) {
      if (piece.kind === 'text') this.#addText(stream, piece);
      else if (piece.kind === 'line end') this.#endRow(stream);
      else if (this.#open?.stream === stream) this.#open.isReturned = true;
    }
    this.#trim();
    this.element.hidden = false;
  }

  #endRow(stream: Stream): void {
    if (this.#open?.stream !== stream) this.#beginRow(stream);
    this.#open = undefined;
  }

  #addText(stream: Stream, { text, style, isSpelled }: Piece & { kind: 'text' }): void {
    for (let at = 0; at < text.length; ) {
      let row = this.#open;
      if (row?.stream !== stream || row.chars >= maxRowChars) row = this.#beginRow(stream);
      if (row.isReturned) row = this.#redraw(row);
      let end = at + Math.max(1, maxRowChars - row.chars);
      // No character is cut in two.
      if (/[\ud800-\udbff]/.test(text.charAt(end - 1))) end++;
      const part = text.slice(at, end);
      row.element.append(renderPiece(part, style, isSpelled));
      row.chars += part.length;
      this.#charge(part.length + (style === plainStyle && !isSpelled ? 0 : elementCost));
      at += part.length;
    }
  }

  #charge(cost: number): void {
    const last = this.#costs.length - 1;
    this.#costs[last] = (this.#costs[last] ?? 0) + cost;
    this.#cost += cost;
  }

  #redraw(row: Row): Row {
    row.element.replaceChildren(...this.#spokenMark(row));
    row.chars = 0;
    row.isReturned = false;
    this.#charge(-(this.#costs.at(-1) ?? 0));
    return row;
  }

  /** Said once for rows of stderr that follow each other. */
  #spokenMark({ element, stream }: Row): HTMLElement[] {
    const isFirst = stream === 'stderr' && element.previousElementSibling?.className !== 'stderr';
    return isFirst ? [makeSpoken('stderr: ')] : [];
  }

  #beginRow(stream: Stream): Row {
    const row: Row = { element: make('div', stream), stream, chars: 0, isReturned: false };
    this.element.append(row.element);
    row.element.append(...this.#spokenMark(row));
    this.#costs.push(0);
    this.#open = row;
    return row;
  }

  #trim(): void {
    let dropped = 0;
    let left = this.#costs.length;
    while (left > maxRows || (this.#cost > maxChars && left > 1)) {
      this.#cost -= this.#costs[dropped++] ?? 0;
      this.element.firstElementChild?.remove();
      left--;
    }
    if (dropped === 0) return;
    this.#costs.splice(0, dropped);
    this.isCut = true;
  }
}
