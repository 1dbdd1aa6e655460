/** The output of one command as elements. stdout and stderr are told apart by a mark and a word, besides the colour. */
import { make, makeSpoken } from './dom.ts';
import { OutputParser, type Piece } from './output-parser.ts';
import { maxChars, maxRows, OutputRows, type Row, type RowPiece, type Stream } from './output-rows.ts';
import { paint } from './readable-colour.ts';
import { plainStyle } from './text-style.ts';

/** The beginning, for screen readers. */
const excerptRows = 5;
const excerptChars = 200;

const lineFeed = 0x0a;

/** What can be shown of a chunk at most: its end. */
function takeEnd(bytes: Uint8Array): Uint8Array {
  let from = bytes.length;
  for (let rows = 0; from > 0 && bytes.length - from < 2 * maxChars; from--)
    if (bytes[from - 1] === lineFeed && ++rows > maxRows) break;
  return bytes.subarray(from);
}

function renderPiece({ text, style, isSpelled }: RowPiece): Node {
  if (style === plainStyle && !isSpelled) return document.createTextNode(text);
  const element = make('span', isSpelled ? 'spelled' : '', text);
  if (isSpelled) return element;
  const { ink, paper, isInverse } = paint(style);
  element.style.color = ink;
  element.style.backgroundColor = paper;
  const marks = {
    bold: style.isBold,
    italic: style.isItalic,
    underlined: style.isUnderlined,
    struck: style.isStruck,
    inverse: isInverse,
  };
  for (const [name, isSet = false] of Object.entries(marks)) if (isSet) element.classList.add(name);
  return element;
}

export class OutputView {
  readonly element = make('div', 'output');
  /** Output was left out before what is shown. */
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

  /** What comes next does not follow what came last. */
  skip(stream: Stream): void {
    this.isCut = true;
    this.#model.leave(stream);
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
      if (!row.isShown || row.pieces.length > 0 || row.isRedrawn) this.#renderRow(row, before);
      before = row.stream;
    }
  }

  #renderRow(row: Row, before: Stream | undefined): void {
    const element = this.#elements.get(row) ?? make('div', row.stream);
    // Said once for rows of stderr that follow each other.
    const spoken = row.stream === 'stderr' && before !== 'stderr' ? [makeSpoken('stderr: ')] : [];
    if (!row.isShown || row.isRedrawn) element.replaceChildren(...spoken);
    element.append(...row.pieces.map(renderPiece));
    if (!row.isShown) this.element.append(element);
    this.#elements.set(row, element);
    Object.assign(row, { pieces: [], isShown: true, isRedrawn: false });
  }
}
