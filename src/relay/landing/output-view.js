/** The output of one command as lines, stdout and stderr told apart by mark and word as well as by colour. */
import { OutputDecoder, renderEscaped } from './escape-output.js';

/** What one command may take of the page; the newest stays. */
const maxChars = 128 * 1024;
const maxLines = 2_000;

/** A longer line goes on in the next element: what is dropped is dropped in pieces. */
const maxLineChars = 8 * 1024;

/** A run that was spelled out is an element of its own, which costs more than its text. */
const spelledCost = 64;

export class OutputView {
  element = document.createElement('div');
  isCut = false;
  #decoders = { stdout: new OutputDecoder(), stderr: new OutputDecoder() };
  #costs = [];
  #cost = 0;
  /** The line that the next piece continues: none after a line end. */
  #open;

  constructor(label) {
    this.element.className = 'output';
    this.element.setAttribute('role', 'group');
    this.element.setAttribute('aria-label', label);
    this.element.hidden = true;
  }

  append(stream, bytes) {
    if (bytes.length === 0) return;
    const excess = Math.max(0, bytes.length - 4 * maxChars);
    if (excess > 0) this.skip(stream);
    this.#add(stream, this.#decoders[stream].push(bytes.subarray(excess)));
  }

  /** What comes next does not follow what came last. */
  skip(stream) {
    this.isCut = true;
    this.#open = undefined;
    this.#decoders[stream] = new OutputDecoder();
  }

  end() {
    for (const stream of ['stdout', 'stderr']) this.#add(stream, this.#decoders[stream].end());
  }

  /** The beginning of what is here, for whoever hears it. */
  get excerpt() {
    const lines = [...this.element.children].slice(0, 5);
    return lines
      .map((line) => line.textContent)
      .join(' ')
      .slice(0, 200);
  }

  #add(stream, given) {
    if (given === '') return;
    let text = given;
    if (text.length > maxChars) {
      text = text.slice(-maxChars);
      this.skip(stream);
    }
    const { element } = this;
    const wasAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 8;
    const isTerminated = text.endsWith('\n');
    const lines = (isTerminated ? text.slice(0, -1) : text).split('\n');
    if (lines.length > maxLines) {
      this.isCut = true;
      this.#open = undefined;
    }
    const shown = lines.slice(-maxLines);
    for (const [at, line] of shown.entries()) {
      this.#addToLine(stream, line);
      if (at < shown.length - 1 || isTerminated) this.#open = undefined;
    }
    this.#trim();
    element.hidden = false;
    // Only what scrolls is worth a stop of the Tab key.
    if (element.scrollHeight > element.clientHeight) element.tabIndex = 0;
    if (wasAtEnd) element.scrollTop = element.scrollHeight;
  }

  #addToLine(stream, text) {
    for (let at = 0; at === 0 || at < text.length; ) {
      let line = this.#open;
      if (line?.stream !== stream || line.length >= maxLineChars) line = this.#beginLine(stream);
      const piece = text.slice(at, at + maxLineChars - line.length);
      const nodes = renderEscaped(piece);
      line.element.append(...nodes);
      line.length += piece.length;
      const cost = piece.length + spelledCost * Math.floor(nodes.length / 2);
      this.#costs[this.#costs.length - 1] += cost;
      this.#cost += cost;
      at += piece.length || 1;
    }
  }

  #beginLine(stream) {
    const element = document.createElement('div');
    element.className = stream;
    if (stream === 'stderr' && this.element.lastElementChild?.className !== 'stderr') {
      const word = document.createElement('span');
      word.className = 'spoken';
      word.textContent = 'stderr: ';
      element.append(word);
    }
    this.element.append(element);
    this.#costs.push(0);
    this.#open = { element, stream, length: 0 };
    return this.#open;
  }

  #trim() {
    while (this.#costs.length > maxLines || (this.#cost > maxChars && this.#costs.length > 1)) {
      this.#cost -= this.#costs.shift();
      this.element.firstElementChild.remove();
      this.isCut = true;
    }
  }
}
