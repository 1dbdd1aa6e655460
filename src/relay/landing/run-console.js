/** Commands of one session: pushed, listed, followed from the right offset, stopped. */
import { CommandEntry } from './command-entry.js';
import { parseOutput } from './parse-output.js';
import { ask, keepAsking, letGoPauseMs, maxWaitSeconds, parseJson, sleep } from './relay-api.js';

/** Whoever waits is to hear soon that the relay is back. */
const shortWaitSeconds = 1;

/** A relay is restarted, upgraded or rebooted within this; a command that comes later would surprise. */
const pushPatienceMs = 60_000;

/** More than a relay remembers of what ended and of what waits. */
const maxEntries = 140;

/** What a session says of itself when it is opened again: the output of this many, where it is no longer than that. */
const readAgainCommands = 10;
const readAgainBytes = 64 * 1024;

/** One answer holds 1 MiB; who is further behind than this goes on near the end. */
const farBehindBytes = 1024 * 1024;
const nearEndBytes = 256 * 1024;

/** `link`: `{ key, version, signal, onAway, onBack, onChange, onTrouble(error) }`. `texts`: `{ get(id), set(id, text) }`. */
export class RunConsole {
  #link;
  #texts;
  #list;
  #entries = new Map();
  #following = false;
  #reading = Promise.resolve();
  #refreshing = 0;
  #isFirstList = true;

  constructor(link, texts, list) {
    this.#link = link;
    this.#texts = texts;
    this.#list = list;
  }

  /** Texts as they were pushed, oldest first. */
  history = [];

  stateOf(id) {
    return this.#entries.get(id)?.view.state;
  }

  async push(text) {
    this.history.push(text);
    const name = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join(
      '-',
    );
    const patience = new AbortController();
    const entry = this.#makeEntry(text, () => patience.abort());
    this.#list.prepend(entry.element);
    const timer = setTimeout(() => patience.abort(), pushPatienceMs);
    const headers = { 'idempotency-key': name, 'remotify-client': `browser,remotify/${this.#link.version}` };
    let view;
    const send = async (signal) => {
      view = parseJson(await this.#ask('/commands', { method: 'POST', body: text, headers, signal }));
      return true;
    };
    try {
      const signal = AbortSignal.any([patience.signal, this.#link.signal]);
      await keepAsking(send, { ...this.#link, signal, isUrgent: true });
      if (view) this.#adopt(entry, view);
      else entry.update({ state: 'unsent', reason: 'not sent; if its answer was lost, it shows up here' });
    } catch (error) {
      entry.update({ state: 'unsent', reason: `not taken: ${error.message}` });
      if (error.code === 'gone') this.#report(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads what the session remembers; one that is asked for meanwhile follows. */
  async refresh() {
    if (++this.#refreshing > 1) return;
    const read = async (signal) => {
      const asked = this.#refreshing;
      const listed = parseJson(await this.#ask('/commands', { signal }));
      const views = listed?.commands ?? [];
      for (const view of views) this.#take(view);
      if (this.#isFirstList)
        this.history.unshift(...views.map(({ id }) => this.#texts.get(id)).filter(Boolean));
      this.#isFirstList = false;
      this.#link.onChange();
      this.#readEnded();
      this.#follow();
      return this.#refreshing === asked;
    };
    await keepAsking(read, this.#link).catch((error) => this.#report(error));
    this.#refreshing = 0;
  }

  #ask(path, options) {
    return ask(`/self${path}`, { key: this.#link.key, ...options });
  }

  #report(error) {
    if (!this.#link.signal.aborted) this.#link.onTrouble(error);
  }

  #makeEntry(text, abandon) {
    const stop = () => (entry.id === undefined ? abandon() : void this.#stop(entry));
    const show = () => {
      entry.isWanted = true;
      this.#readEnded();
    };
    const entry = new CommandEntry(text, { stop, show });
    return entry;
  }

  /** The list may have told of it before the answer to the push was here. */
  #adopt(entry, view) {
    this.#texts.set(view.id, entry.text);
    const twin = this.#entries.get(view.id);
    if (twin) {
      twin.setText(entry.text);
      entry.remove();
      return;
    }
    this.#entries.set(view.id, entry);
    entry.isWanted = true;
    entry.update(view);
    this.#place(entry);
    this.#follow();
  }

  #take(view) {
    let entry = this.#entries.get(view.id);
    if (!entry) {
      const text = this.#texts.get(view.id);
      entry = this.#makeEntry(text);
      entry.isWanted = !this.#isFirstList;
      entry.isQuiet = this.#isFirstList && view.ended_at !== null;
      this.#entries.set(view.id, entry);
      entry.update(view);
      this.#place(entry);
    } else if (!entry.isComplete || entry.view.state !== view.state) {
      entry.update(view);
    }
    if (entry.isOpen) entry.isWanted = true;
  }

  /** Newest first, those on their way before all. */
  #place(entry) {
    const known = [...this.#entries.values()].toSorted((a, b) => b.number - a.number);
    const next = known[known.indexOf(entry) + 1];
    this.#list.insertBefore(entry.element, next?.element ?? null);
    for (const old of known.slice(maxEntries)) {
      this.#entries.delete(old.id);
      old.remove();
    }
  }

  /** The output of what is over: of the last few unasked, of others by their button. */
  #readEnded() {
    const ended = [...this.#entries.values()].filter((entry) => !entry.isOpen && !entry.isComplete);
    const newest = ended.toSorted((a, b) => b.number - a.number);
    for (const [at, entry] of newest.entries()) {
      const { stdout_bytes: stdout, stderr_bytes: stderr } = entry.view;
      const isSmall = at < readAgainCommands && stdout + stderr <= readAgainBytes;
      if (!entry.isWanted && !isSmall) entry.offerOutput();
      else if (!entry.isRead) {
        entry.isRead = true;
        this.#reading = this.#reading
          .then(() => this.#readToEnd(entry))
          .finally(() => (entry.isRead = false));
      }
    }
  }

  #follow() {
    if (this.#following || this.#link.signal.aborted) return;
    const open = [...this.#entries.values()].filter((entry) => entry.isOpen && !entry.isRead);
    const entry = open.toSorted((a, b) => a.number - b.number)[0];
    if (!entry) return;
    this.#following = true;
    entry.isRead = true;
    void this.#readToEnd(entry).finally(() => {
      entry.isRead = false;
      this.#following = false;
      if (entry.isComplete) this.#follow();
    });
  }

  async #readToEnd(entry) {
    const step = async (signal, isAway) => {
      const { state } = entry.view;
      const waitSeconds = isAway ? shortWaitSeconds : maxWaitSeconds;
      const query = { ...entry.read, state };
      const answer = await this.#ask(`/commands/${entry.id}/output`, { query, waitSeconds, signal });
      const part = parseOutput(answer);
      if (!part) return void (await sleep(letGoPauseMs, signal));
      return this.#takeOutput(entry, part, signal);
    };
    await keepAsking(step, this.#link).catch((error) => this.#report(error));
  }

  /** Whether this was all. */
  async #takeOutput(entry, part, signal) {
    const before = entry.view.state;
    entry.append('stdout', part.stdout);
    entry.append('stderr', part.stderr);
    entry.update(part.news);
    if (part.news.state !== before) this.#link.onChange();
    if (part.isComplete) {
      entry.complete();
      return true;
    }
    if (part.stdout.length + part.stderr.length >= farBehindBytes) await this.#catchUp(entry, signal);
    return false;
  }

  /** A flood is not read through: the page would show none of it. */
  async #catchUp(entry, signal) {
    const view = parseJson(await this.#ask(`/commands/${entry.id}`, { signal }));
    for (const stream of ['stdout', 'stderr']) {
      const size = view?.[`${stream}_bytes`] ?? 0;
      if (size - entry.read[stream] > farBehindBytes) entry.skipTo(stream, size - nearEndBytes);
    }
  }

  /** TERM, and KILL for whoever asks again. */
  async #stop(entry) {
    const signalName = entry.view.cancel_signal ? 'KILL' : 'TERM';
    const send = async (signal) => {
      const query = { signal: signalName };
      const answer = await this.#ask(`/commands/${entry.id}`, { method: 'DELETE', query, signal });
      const command = parseJson(answer)?.command;
      if (command && !entry.isComplete) entry.update(command);
      return true;
    };
    await keepAsking(send, { ...this.#link, isUrgent: true }).catch((error) => this.#report(error));
  }
}
