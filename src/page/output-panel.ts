/** The frame around the output of a command: folded where it is long, with switches, copy and download. */
import { makeSpoken, make, makeButton } from './dom.ts';
import { OutputView, type Stream } from './output-view.ts';

/** Rows that are shown before there is a button for the rest. */
const foldedRows = 12;

export class OutputPanel {
  readonly element = make('div', 'output-panel');
  readonly #view = new OutputView();
  readonly #tools = make('div', 'output-tools');
  readonly #all: HTMLButtonElement;
  readonly #wrap: HTMLButtonElement;
  #isFolded = true;
  #name = '';

  constructor({ download, copy }: { download: () => void; copy: () => void }) {
    this.#all = makeButton('all', 'show all', 'of the output', () => this.#fold(!this.#isFolded));
    this.#wrap = makeButton('wrap', 'wrap', 'long rows', () => this.#toggleWrap());
    this.#wrap.setAttribute('aria-pressed', 'false');
    this.#tools.append(
      this.#all,
      this.#wrap,
      makeButton('copy-output', 'copy', 'the output', copy),
      makeButton('download', 'download', 'the output', download),
    );
    this.element.append(this.#view.element, this.#tools);
    // Reached by the keyboard, it can be scrolled by it.
    this.#view.element.tabIndex = 0;
    this.element.hidden = true;
    this.#render();
  }

  get isCut(): boolean {
    return this.#view.isCut;
  }

  get excerpt(): string {
    return this.#view.excerpt;
  }

  setName(id: string): void {
    this.#name = id;
    this.#view.element.setAttribute('aria-label', `output of ${id}`);
    for (const button of this.#tools.querySelectorAll('button .spoken'))
      button.replaceWith(
        makeSpoken(` ${(button.textContent ?? '').trim().replace(/( of c\d+)?$/, '')} of ${id}`),
      );
  }

  append(stream: Stream, bytes: Uint8Array): void {
    const { element } = this.#view;
    const isAtEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 4;
    this.#view.append(stream, bytes);
    this.#render();
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  }

  skip(stream: Stream): void {
    this.#view.skip(stream);
  }

  end(): void {
    this.#view.end();
    this.#render();
  }

  #fold(isFolded: boolean): void {
    this.#isFolded = isFolded;
    this.#render();
  }

  #toggleWrap(): void {
    const isWrapped = this.element.classList.toggle('wrapped');
    this.#wrap.setAttribute('aria-pressed', String(isWrapped));
  }

  #render(): void {
    const isLong = this.#view.rows > foldedRows;
    this.element.hidden = this.#view.element.hidden;
    this.element.classList.toggle('folded', isLong && this.#isFolded);
    this.#all.hidden = !isLong;
    const label = this.#all.firstElementChild;
    if (label) label.textContent = this.#isFolded ? `show all ${this.#view.rows} rows` : 'show less';
  }
}
