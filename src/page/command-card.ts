/** One command in the transcript: its text, state, client and output, and its buttons. */
import type { CommandEnd } from '../client/follow-command.ts';
import type { ReadFrom } from '../client/relay-client.ts';
import { isCommandState, isEnded } from '../protocol/command-states.ts';
import { describeMissing, findMissing } from '../text/describe-missing.ts';
import { describePusher } from '../text/describe-command.ts';
import { cutChars } from '../text/cut-text.ts';
import { formatSize } from '../text/sizes.ts';
import { announce } from './announce.ts';
import { type CardView, describeState, describeTime, findTone, isReusable } from './command-words.ts';
import { find, hideButton, keepFocus, make, makeButton, setButtonName, setLabel, setText } from './dom.ts';
import { renderEscaped } from './render-escaped.ts';
import { OutputPanel } from './output-panel.ts';
import type { Stream } from './output-rows.ts';

/** Longer text is cut. For commands of other clients the relay lists at most 200 characters. */
const shownChars = 2_000;
const shownLines = 20;

const countBytes = (text: string): number => new TextEncoder().encode(text).length;

export interface CardActions {
  stop(card: CommandCard): void;
  /** The visitor asked for output that was not read. */
  show(card: CommandCard): void;
  again(text: string): void;
  download(card: CommandCard): void;
  copy(card: CommandCard): void;
}

export class CommandCard {
  readonly element = make('li', 'command');
  view: CardView = { state: 'sending' };
  /** Offset in bytes up to which each stream was read. */
  read: ReadFrom = { stdout: 0, stderr: 0 };
  /** All of its output was read. */
  isComplete = false;
  /** A request is reading its output. */
  isRead = false;
  /** The visitor pushed it, saw it while it was open, or asked for its output. */
  isWanted = false;
  /** Sort position among the numbers of the other commands, while it has no number. */
  place = Infinity;
  /** This tab pushed it. */
  isOwn = false;
  /** It ended before the page loaded, so nothing is announced. */
  isQuiet = false;
  readonly output: OutputPanel;
  #text: string | undefined;
  readonly #title = make('h3', 'command-text');
  readonly #words = make('span', 'words');
  readonly #time = make('span', 'time');
  readonly #by = make('span', 'by');
  readonly #note = make('p', 'note');
  readonly #stop: HTMLButtonElement;
  readonly #show: HTMLButtonElement;
  readonly #again: HTMLButtonElement;
  #timer: number | undefined;
  /** Note about the visitor's last action. */
  #said = '';

  /** `text`: undefined while the relay has not sent it. */
  constructor(text: string | undefined, actions: CardActions) {
    this.#text = text;
    this.#stop = makeButton('stop', 'cancel', '', () => actions.stop(this));
    this.#show = makeButton('show', 'show output', '', () => actions.show(this));
    this.#again = makeButton('quiet', 'reuse', '', () => actions.again(this.#text ?? ''));
    this.output = new OutputPanel({ download: () => actions.download(this), copy: () => actions.copy(this) });
    this.#title.tabIndex = -1;
    this.#show.hidden = true;
    this.#note.hidden = true;
    const state = make('p', 'state');
    state.append(this.#words, this.#time, this.#by);
    const bar = make('div', 'bar');
    const tools = make('div', 'tools');
    tools.append(...this.output.tools, this.#again, this.#show, this.#stop);
    bar.append(state, tools);
    this.element.append(this.#title, bar, this.#note, this.output.element);
    this.#renderTitle();
    this.#render();
  }

  get id(): string | undefined {
    return this.view.id;
  }

  /** Increases with each command of the session. A command that is still being sent sorts last. */
  get number(): number {
    return this.id === undefined ? this.place : Number(this.id.slice(1));
  }

  get isOpen(): boolean {
    return this.view.state === 'sending' || (isCommandState(this.view.state) && !isEnded(this.view.state));
  }

  /** A client requested its end. INT is no such request: a command may survive it. */
  get isTold(): boolean {
    const { cancel_signal: signal } = this.view;
    return signal === 'TERM' || signal === 'KILL';
  }

  get isReusable(): boolean {
    const { script_bytes: bytes } = this.view;
    // While the relay has not reported the size, this is the complete text that the visitor typed.
    return bytes === undefined || isReusable({ text: this.#text, script_bytes: bytes });
  }

  get text(): string | undefined {
    return this.#text;
  }

  /** Shows a note below the state, until the next note. */
  say(words: string, spoken = words): void {
    this.#said = words;
    this.#renderNote();
    announce(spoken);
  }

  setText(text: string): void {
    this.#text = text;
    this.#renderTitle();
  }

  /** Merges a complete or partial view from the relay. */
  update(news: CardView): void {
    const before = this.view.state;
    const wasLate = !this.isOpen && news.state !== before;
    const isNamed = news.id !== undefined && news.id !== this.id;
    this.view = { ...this.view, ...news };
    if (this.#text === undefined && typeof news.text === 'string') this.#text = news.text;
    if (isNamed) this.#renderTitle();
    // A lost command that is reported again may have more output.
    if (wasLate) this.isComplete = false;
    this.#render();
    if (this.view.state !== before && !wasLate) this.#tell();
  }

  append(stream: Stream, bytes: Uint8Array): void {
    this.read[stream] += bytes.length;
    this.output.append(stream, bytes);
    this.#renderNote();
  }

  skipTo(stream: Stream, offset: number): void {
    this.read[stream] = offset;
    this.output.skip(stream);
  }

  complete(end: CommandEnd): void {
    this.output.end();
    this.update({
      state: end.state,
      exit_status: end.exitStatus,
      signal: end.signal,
      reason: end.reason,
      started_at: end.startedAt,
      duration_ms: end.durationMs,
      ...(end.missing && { missing_reason: end.missing.reason, missing_bytes: end.missing.bytes }),
    });
    // Set after the update: the end is announced once, together with the output.
    this.isComplete = true;
    hideButton(this.#show, this.#title);
    if (this.view.state === 'finished') this.#tell(this.output.excerpt);
  }

  /** Marks that no more output can be read. `reason`: shown if the outcome is unknown. */
  close(reason: string): void {
    this.isComplete = true;
    if (this.isOpen) this.update({ state: 'unknown', reason });
    hideButton(this.#show, this.#title);
  }

  /** Shows a button that loads the output. */
  offerOutput(): void {
    const { stdout_bytes: stdout = 0, stderr_bytes: stderr = 0 } = this.view;
    setLabel(this.#show, `show ${formatSize(stdout + stderr)} of output`);
    this.#show.hidden = stdout + stderr === 0;
  }

  focus(): void {
    this.#title.focus();
  }

  #tell(output = ''): void {
    const { state } = this.view;
    if (this.isQuiet || state === 'sending' || (state === 'finished' && !this.isComplete)) return;
    announce(
      [`${this.id ?? 'command'}: ${this.#words.textContent ?? ''}`, output].filter(Boolean).join('. '),
    );
  }

  #renderTitle(): void {
    const { script_bytes: bytes = 0 } = this.view;
    const code = make('code');
    const id = make('span', 'id', this.id ?? '…');
    const text = this.#text ?? '';
    const size = Math.max(bytes, countBytes(text));
    const shown = cutChars(text.split('\n', shownLines).join('\n'), shownChars);
    if (this.#text === undefined) {
      code.className = 'unknown';
      setText(code, `${formatSize(bytes)} of text`);
    } else {
      code.append(...renderEscaped(shown));
      if (countBytes(shown) < size) code.append(make('span', 'more', ` … ${formatSize(size)}`));
    }
    this.#title.replaceChildren(id, ' ', code);
    this.#again.hidden = !this.isReusable;
    const name = this.id ?? cutChars(text, 40);
    this.output.setName(name);
    for (const button of [this.#stop, this.#show, this.#again]) setButtonName(button, name);
  }

  #render(): void {
    const { view } = this;
    this.element.dataset['state'] = view.state;
    this.element.dataset['tone'] = findTone(view);
    setText(this.#words, describeState(view));
    const by = this.isOwn ? '' : describePusher(view);
    setText(this.#by, by === '' ? '' : `, from ${by}`);
    const label = view.state === 'sending' ? 'give up' : 'cancel';
    setLabel(this.#stop, view.state !== 'running' ? label : this.isTold ? 'kill' : 'stop');
    if (this.isOpen) this.#stop.hidden = false;
    else hideButton(this.#stop, this.#title);
    this.#renderNote();
    this.#renderTime();
  }

  #renderTime(): void {
    clearTimeout(this.#timer);
    setText(this.#time, describeTime(this.view, this.isOpen));
    if (this.isOpen) this.#timer = setTimeout(() => this.#renderTime(), 1000);
  }

  #renderNote(): void {
    const { view, read, output } = this;
    const missing = findMissing(view);
    const end = `showing the end of ${formatSize(read.stdout + read.stderr)} of output: download it for the rest`;
    const notes = [this.#said, missing ? describeMissing(missing) : '', output.isCut ? end : ''];
    this.#note.textContent = notes.filter(Boolean).join('; ');
    this.#note.hidden = this.#note.textContent === '';
  }

  /** Removes the card from the page. */
  remove(): void {
    clearTimeout(this.#timer);
    keepFocus(find('transcript'), () => this.element.remove());
  }
}
