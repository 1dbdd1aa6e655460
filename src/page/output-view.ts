/** Renders the output of one command as elements. A mark, a spoken word and a colour distinguish stderr from stdout. */
import { cutChars } from '../text/cut-text.ts';
import { make, makeSpoken } from './dom.ts';
import { OutputParser, type Piece } from './output-parser.ts';
import { maxChars, maxRows, OutputRows, type Row, type RowPiece, type Stream } from './output-rows.ts';
import { paint } from './readable-colour.ts';
import { plainStyle } from './text-style.ts';

/** Size of the excerpt for screen readers: the beginning of the output. */
const excerptRows = 5;
const excerptChars = 200;

const lineFeed = 0x0a;

/** The end of a chunk, as much as can be shown. */
function takeEnd(bytes: Uint8Array): Uint8Array {
  let from = bytes.length;
  for (let rows = 0; from > 0 && bytes.length - from < maxChars; from--)
    if (bytes[from - 1] === lineFeed && ++rows > maxRows) break;
  return bytes.subarray(from);
}

function renderPiece({ text, style, isSpelled }: RowPiece): Node {
  if (style === plainStyle && !isSpelled) return document.createTextNode(text);
  if (isSpelled) return make('span', 'spelled', text);
  const { ink, paper, isInverse } = paint(style);
  const marks = style.marks.filter((mark) => mark !== 'inverse' || isInverse);
  const element = make('span', marks.join(' '), text);
  element.style.color = ink;
  element.style.backgroundColor = paper;
  return element;
}

export class OutputView {
  readonly element = make('div', 'output');
  /** Earlier output was left out. */
  isCut = false;
  #parsers: Record<Stream, OutputParser> = { stdout: new OutputParser(), stderr: new OutputParser() };
  readonly #model = new OutputRows();
  readonly #elements = new Map<Row, HTMLElement>();

  constructor() {
    this.element.setAttribute('role', 'group');
    this.element.hidden = true;
  }

  append(stream: Stream, bytes: Uint8Array): void {
    const newest = takeEnd(bytes);
    if (newest.length < bytes.length) this.skip(stream);
    this.#add(stream, this.#parsers[stream].push(newest));
  }

  /** The next output does not directly follow the last one. */
  skip(stream: Stream): void {
    this.isCut = true;
    this.#model.leave(stream);
    this.#parsers[stream] = new OutputParser(true);
  }

  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.#add(stream, this.#parsers[stream].end());
  }

  get excerpt(): string {
    const rows = [...this.element.children].slice(0, excerptRows);
    return cutChars(rows.map((row) => row.textContent ?? '').join(' '), excerptChars);
  }

  get rows(): number {
    return this.#model.rows.length;
  }

  #add(stream: Stream, pieces: readonly Piece[]): void {
    if (pieces.length === 0) return;
    for (const piece of pieces) this.#model.add(stream, piece);
    for (const row of this.#model.takeGone()) {
      this.#elements.get(row)?.remove();
      this.#elements.delete(row);
    }
    this.isCut ||= this.#model.isCut;
    this.#render();
    this.element.hidden = this.rows === 0;
  }

  #render(): void {
    let before: Stream | undefined;
    for (const row of this.#model.rows) {
      if (!this.#elements.has(row) || row.pieces.length > 0 || row.isRedrawn) this.#renderRow(row, before);
      before = row.stream;
    }
  }

  #renderRow(row: Row, before: Stream | undefined): void {
    let element = this.#elements.get(row);
    if (!element) {
      element = make('div', row.stream);
      this.#elements.set(row, element);
      this.element.append(element);
      row.isRedrawn = true;
    }
    // Spoken once for consecutive rows of stderr.
    const spoken = row.stream === 'stderr' && before !== 'stderr' ? [makeSpoken('stderr: ')] : [];
    // Without the break, empty rows would be missing when a visitor selects and copies output.
    if (row.isRedrawn) element.replaceChildren(...spoken, make('br'));
    element.lastChild?.before(...row.pieces.map(renderPiece));
    row.pieces = [];
    row.isRedrawn = false;
  }
}
