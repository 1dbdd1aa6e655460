/** The frame around the output of a command: folds long output, and has buttons to wrap rows, copy and download. */
import { flashLabel } from './clipboard.ts';
import { make, makeButton, setButtonName, setLabel } from './dom.ts';
import type { Stream } from './output-rows.ts';
import { OutputView } from './output-view.ts';

/** Output with more rows than this is folded, with a button for the rest. */
const foldedRows = 12;

/** A distance of at most this counts as at the edge. */
const slackPx = 4;

export class OutputPanel {
  readonly element = make('div', 'output-panel');
  /** Buttons for the output. The card shows them beside the command's own buttons. */
  readonly tools: readonly HTMLButtonElement[];
  readonly #view = new OutputView();
  readonly #all: HTMLButtonElement;
  readonly #wrap: HTMLButtonElement;
  readonly #copy: HTMLButtonElement;
  #isFolded = true;

  constructor({ download, copy }: { download: () => void; copy: () => void }) {
    this.#all = makeButton('all', 'show all', 'of the output', () => this.#toggleFold());
    this.#wrap = makeButton('quiet', 'wrap', 'long rows', () => this.#toggleWrap());
    this.#wrap.setAttribute('aria-pressed', 'false');
    this.#copy = makeButton('quiet', 'copy', 'the output', copy);
    this.tools = [this.#wrap, this.#copy, makeButton('quiet', 'download', 'the output', download)];
    this.element.append(this.#view.element, this.#all);
    // Focusable, so that the keyboard can scroll it.
    this.#view.element.tabIndex = 0;
    this.#view.element.addEventListener('scroll', () => this.#markEdges(), { passive: true });
    // A resize changes how much is beyond the edges.
    new ResizeObserver(() => this.#markEdges()).observe(this.#view.element);
    this.#render();
  }

  get isCut(): boolean {
    return this.#view.isCut;
  }

  get excerpt(): string {
    return this.#view.excerpt;
  }

  setName(id: string): void {
    this.#view.element.setAttribute('aria-label', `output of ${id}`);
    setButtonName(this.#all, `of the output of ${id}`);
    setButtonName(this.#wrap, `long rows of ${id}`);
    for (const tool of this.tools.slice(1)) setButtonName(tool, `the output of ${id}`);
  }

  append(stream: Stream, bytes: Uint8Array): void {
    this.#change(() => this.#view.append(stream, bytes));
  }

  skip(stream: Stream): void {
    this.#view.skip(stream);
  }

  end(): void {
    this.#change(() => this.#view.end());
  }

  /** Shows "copied" on the button for a moment. */
  showCopied(): void {
    flashLabel(this.#copy, 'copied');
  }

  /** Follows the end if the visitor is at the end; otherwise keeps the scroll position. */
  #change(work: () => void): void {
    const { element } = this.#view;
    const isAtEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - slackPx;
    work();
    this.#render();
    if (isAtEnd) element.scrollTop = element.scrollHeight;
    this.#markEdges();
  }

  #toggleFold(): void {
    this.#change(() => (this.#isFolded = !this.#isFolded));
    // The button has moved: keep it in view.
    this.#all.scrollIntoView({ block: 'nearest' });
  }

  #toggleWrap(): void {
    this.#change(() => {
      const isWrapped = this.element.classList.toggle('wrapped');
      this.#wrap.setAttribute('aria-pressed', String(isWrapped));
    });
  }

  /** A shade at an edge shows that there is more beyond it. */
  #markEdges(): void {
    const { element } = this.#view;
    const { scrollTop, clientHeight, scrollHeight, scrollLeft, scrollWidth, clientWidth } = element;
    element.classList.toggle('more-above', scrollTop > slackPx);
    element.classList.toggle('more-below', scrollTop + clientHeight < scrollHeight - slackPx);
    element.classList.toggle('more-right', scrollLeft + clientWidth < scrollWidth - slackPx);
    if (scrollWidth > clientWidth + slackPx || this.element.classList.contains('wrapped'))
      this.#wrap.hidden = false;
  }

  #render(): void {
    const { rows } = this.#view;
    const isLong = rows > foldedRows;
    const isEmpty = this.#view.element.hidden;
    this.element.hidden = isEmpty;
    this.element.classList.toggle('folded', isLong && this.#isFolded);
    this.#all.hidden = !isLong;
    setLabel(this.#all, this.#isFolded ? `show all ${rows} rows` : 'show less');
    for (const tool of this.tools) if (tool !== this.#wrap) tool.hidden = isEmpty;
    if (isEmpty) this.#wrap.hidden = true;
  }
}
