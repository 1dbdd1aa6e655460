/** One command on the page: its text, its state in words, its output, and the button that stops it. */
import { announce } from './announce.js';
import { escapeText, renderEscaped } from './escape-output.js';
import { OutputView } from './output-view.js';
import { relayNow } from './relay-api.js';

const openStates = new Set(['sending', 'queued', 'awaiting_approval', 'running']);

/** `320 ms`, `1.2 s`, `3 m 20 s`. */
function formatDuration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} m ${Math.floor(ms / 1000) % 60} s`;
}

function formatBytes(count) {
  if (count < 1024) return `${count} bytes`;
  return count < 1024 ** 2 ? `${Math.ceil(count / 1024)} KiB` : `${(count / 1024 ** 2).toFixed(1)} MiB`;
}

function describeEnd({ exit_status: exitStatus, signal }) {
  const status = exitStatus === null ? '' : `exit status ${exitStatus}`;
  return signal ? `ended by SIG${escapeText(signal)}${status && `, ${status}`}` : status || 'ended';
}

const describeState = {
  sending: () => 'on its way',
  unsent: ({ reason }) => reason,
  queued: ({ position }) =>
    position > 0 ? `queued, ${position} before it` : 'queued, waits for the listener',
  awaiting_approval: () => 'awaits approval: the operator is asked',
  running: ({ cancel_signal: signal }) => (signal ? `running, told to end by SIG${signal}` : 'running'),
  finished: describeEnd,
  timed_out: () => 'timed out',
  lost: ({ reason }) => `lost, nobody knows how it ended${reason ? `: ${escapeText(reason)}` : ''}`,
  cancelled: ({ reason }) => escapeText(reason ?? 'cancelled before it ran'),
  expired: () => 'expired before it ran',
  declined: ({ reason }) => `declined by the operator${reason ? `: ${escapeText(reason)}` : ''}`,
};

function make(tag, className, text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

export class CommandEntry {
  element = make('li', 'command');
  view = { state: 'sending', stdout_bytes: 0, stderr_bytes: 0 };
  /** How far each stream was read, in bytes. */
  read = { stdout: 0, stderr: 0 };
  /** All of its output was read. */
  isComplete = false;
  /** Said to nobody: it was over when the page came. */
  isQuiet = false;
  text;
  output;
  #title = make('h3', 'command-text');
  #state = make('p', 'state');
  #words = make('span', 'words');
  #time = make('span', 'time');
  #note = make('p', 'note');
  #stop = make('button', 'stop', 'cancel');
  #show = make('button', 'show');
  #timer;

  /** `actions`: what its buttons do, `{ stop(), show() }`. */
  constructor(text, actions) {
    this.text = text;
    for (const button of [this.#stop, this.#show]) button.type = 'button';
    this.#stop.addEventListener('click', actions.stop);
    this.#show.addEventListener('click', actions.show);
    this.#show.hidden = true;
    this.#note.hidden = true;
    this.#state.append(this.#words, this.#time);
    const bar = make('div', 'bar');
    bar.append(this.#state, this.#stop, this.#show);
    this.output = new OutputView('output');
    this.element.append(this.#title, bar, this.#note, this.output.element);
    this.#renderTitle();
    this.#render();
  }

  get id() {
    return this.view.id;
  }

  get number() {
    return this.id === undefined ? Infinity : Number(this.id.slice(1));
  }

  get isOpen() {
    return openStates.has(this.view.state);
  }

  setText(text) {
    this.text = text;
    this.#renderTitle();
  }

  /** What the relay says of it, whole or in part. */
  update(news) {
    const before = this.view.state;
    const wasLate = !this.isOpen && news.state !== undefined && news.state !== before;
    const isNamed = this.id !== (news.id ?? this.id);
    this.view = { ...this.view, ...news };
    if (isNamed) this.#renderTitle();
    // A command that was lost and then heard of has more to say.
    if (wasLate) this.isComplete = false;
    this.#render();
    if (this.view.state !== before && !wasLate) this.#tell();
  }

  append(stream, bytes) {
    this.read[stream] += bytes.length;
    this.output.append(stream, bytes);
    this.#renderNote();
  }

  skipTo(stream, offset) {
    this.read[stream] = offset;
    this.output.skip(stream);
  }

  complete() {
    this.isComplete = true;
    this.output.end();
    this.#hide(this.#show);
    this.#renderNote();
    if (this.view.state === 'finished') this.#tell(this.output.excerpt);
  }

  /** Its output is there to be had, and was not asked for. */
  offerOutput() {
    this.#show.textContent = `show ${formatBytes(this.view.stdout_bytes + this.view.stderr_bytes)} of output`;
    this.#show.hidden = false;
  }

  #tell(output = '') {
    if (this.isQuiet || this.view.state === 'sending' || (this.view.state === 'finished' && !this.isComplete))
      return;
    announce([`${this.id ?? 'command'}: ${this.#words.textContent}`, output].filter(Boolean).join('. '));
  }

  /** A button that goes while it has the focus hands it on, lest the keyboard begin at the top again. */
  #hide(button) {
    const hadFocus = document.activeElement === button;
    button.hidden = true;
    if (hadFocus) this.#title.focus();
  }

  #renderTitle() {
    const { view } = this;
    const text = make('code', this.text === undefined ? 'unknown' : '');
    if (this.text === undefined) {
      const by = view.pushed_by ? ` by ${escapeText(view.pushed_by)}` : '';
      text.textContent = `${formatBytes(view.script_bytes ?? 0)} of text, pushed${by}`;
    } else text.append(...renderEscaped(this.text));
    this.#title.replaceChildren(make('span', 'id', this.id ?? '…'), ' ', text);
    this.#title.tabIndex = -1;
    this.output.element.setAttribute('aria-label', `output of ${this.id ?? 'this command'}`);
  }

  #render() {
    const { view } = this;
    this.element.dataset.state = view.state;
    if (view.state === 'finished') this.element.dataset.ok = String(view.exit_status === 0);
    this.#words.textContent = describeState[view.state]?.(view) ?? escapeText(String(view.state));
    const isTold = view.state === 'running' && Boolean(view.cancel_signal);
    const label = view.state !== 'running' ? 'cancel' : isTold ? 'kill' : 'stop';
    this.#stop.replaceChildren(label, make('span', 'spoken', ` ${this.id ?? ''}`));
    if (this.isOpen) this.#stop.hidden = false;
    else this.#hide(this.#stop);
    this.#renderTime();
  }

  #renderTime() {
    clearTimeout(this.#timer);
    const { state, started_at: startedAt, duration_ms: durationMs } = this.view;
    const isRunning = state === 'running' && startedAt !== null && startedAt !== undefined;
    const ms = isRunning ? Math.max(0, relayNow() - startedAt) : durationMs;
    const seconds = isRunning
      ? formatDuration(Math.max(1000, Math.floor(ms / 1000) * 1000)).replace('.0', '')
      : '';
    this.#time.textContent = ms === null || ms === undefined ? '' : `, ${seconds || formatDuration(ms)}`;
    if (isRunning) this.#timer = setTimeout(() => this.#renderTime(), 1000);
  }

  #renderNote() {
    const { missing_reason: reason = null, missing_bytes: missing } = this.view;
    this.#note.hidden = !this.output.isCut && reason === null;
    if (reason !== null) {
      const why = reason === 'evicted' ? 'removed to make room for later output' : 'there was no room for it';
      this.#note.textContent = `${missing > 0 ? formatBytes(missing) : 'some'} of the output is missing: ${why}`;
      return;
    }
    const size = formatBytes(this.read.stdout + this.read.stderr);
    this.#note.textContent = `only the end of ${size} of output is shown: `;
    this.#note.append(make('code', '', `remotify logs ${this.id}`), ' prints all of it');
  }

  /** The page forgets it. */
  remove() {
    clearTimeout(this.#timer);
    this.element.remove();
  }
}
