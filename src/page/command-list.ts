/** The commands of a session: pushed, listed, followed from the right offset, stopped. */
import { type CommandEnd, followCommand } from '../client/follow-command.ts';
import { withPatience } from '../client/patience.ts';
import { RelayError } from '../client/relay-error.ts';
import { isCommandState, isEnded } from '../protocol/command-states.ts';
import type { AnyCommandView, CommandView } from '../protocol/command-view.ts';
import { maxEndedCommands, maxQueuedCommands } from '../protocol/limits.ts';
import { type CardActions, CommandCard } from './command-card.ts';
import { isWholeText } from '../text/describe-command.ts';
import { type CardView, stateOfNewerRelay } from './command-words.ts';
import { explain } from './explain.ts';
import { relayNow } from './relay-clock.ts';
import { makeRandomId } from './random-id.ts';
import { sendFile } from './send-file.ts';
import type { SessionLink } from './session-link.ts';
import type { Transcript } from './transcript.ts';

/** Long enough for a restart of the relay. A command that is pushed later than this would surprise its author. */
const pushPatienceMs = 60_000;

/** Of the commands that had ended when the page was opened, the newest ones with short output are read at once. */
const readAgainCommands = 10;
const readAgainBytes = 64 * 1024;

/** The page shows only the end of long output: it skips the rest instead of reading it. */
const skip = { beyondBytes: 1024 * 1024, keptBytes: 512 * 1024 };

/** As many as a relay remembers: those that wait, the one that runs, and those that ended. */
const shownCommands = maxQueuedCommands + 1 + maxEndedCommands;

/** Since when its operator is asked, by the relay's clock. The relay does not say it. */
function noteAsking({ view }: CommandCard, { state }: CardView): Pick<CardView, 'asked_at'> {
  return state === 'awaiting_approval' && view.state !== state ? { asked_at: relayNow() } : {};
}

export interface Push {
  text: string;
  /** Its input. */
  file: File | undefined;
}

export class CommandList {
  readonly #link: SessionLink;
  readonly #transcript: Transcript;
  readonly #actions: CardActions;
  readonly #cards = new Map<string, CommandCard>();
  /** Pushes that the relay has not confirmed. */
  readonly #pushing = new Map<CommandCard, AbortController>();
  #isFollowing = false;
  #reading: Promise<void> = Promise.resolve();
  #refreshes = 0;
  #isFirstList = true;
  /** Texts, oldest first. */
  readonly history: string[] = [];

  constructor(link: SessionLink, transcript: Transcript, actions: Omit<CardActions, 'stop' | 'show'>) {
    this.#link = link;
    this.#transcript = transcript;
    this.#actions = {
      ...actions,
      stop: (card) => void this.#stop(card),
      show: (card) => {
        card.isWanted = true;
        this.#readEnded();
      },
    };
  }

  find(id: string | null | undefined): CommandCard | undefined {
    return this.#cards.get(id ?? '');
  }

  async push({ text, file }: Push): Promise<void> {
    this.history.push(text);
    const card = new CommandCard(text, this.#actions);
    card.isOwn = true;
    const giveUp = new AbortController();
    this.#pushing.set(card, giveUp);
    this.#transcript.add(card);
    const { client, version, patience } = this.#link;
    const signal = AbortSignal.any([giveUp.signal, this.#link.signal]);
    const options = {
      idempotencyKey: makeRandomId(),
      client: `browser,remotify/${version}`,
      stdin: file !== undefined,
    };
    const script = new TextEncoder().encode(text);
    try {
      const view = await withPatience(() => client.pushCommand(script, options, signal), {
        ...patience,
        signal,
        patienceMs: pushPatienceMs,
      });
      this.#adopt(card, view);
      if (file) void this.#sendFile(view.id, file);
    } catch (error) {
      this.#explainUnsent(card, error, giveUp.signal.aborted);
    } finally {
      this.#pushing.delete(card);
    }
  }

  #explainUnsent(card: CommandCard, error: unknown, wasGivenUp: boolean): void {
    // An error of another kind: the page left the session meanwhile.
    const isRefused = error instanceof RelayError && error.kind === 'refused' && !error.isPassing;
    const words = error instanceof RelayError && error.status > 0 ? error.message : '';
    const reason =
      isRefused && !wasGivenUp
        ? `not accepted: ${words}`
        : `not confirmed by the relay${words && ` (${words})`}; if it arrived after all, it appears here`;
    // It stays where it is: commands that come later are shown below it.
    card.place = Math.max(0, ...[...this.#cards.values()].map(({ number }) => number)) + 0.5;
    card.update({ state: 'unsent', reason });
    if (error instanceof RelayError && error.code === 'gone') this.#link.onTrouble(error);
  }

  /** A command whose input broke off would take the beginning for all of it. */
  async #sendFile(id: string, file: File): Promise<void> {
    const words = await sendFile(this.#link, id, file);
    const card = this.find(id);
    if (words === '' || !card) return;
    card.say(`${words}; this page stops the command`);
    await this.#stop(card);
  }

  /** Reads what the session remembers. A call while it reads makes it read once more. */
  async refresh(): Promise<void> {
    if (++this.#refreshes > 1) return;
    try {
      for (let seen = 0; seen !== this.#refreshes; ) {
        seen = this.#refreshes;
        const { client, patience, signal } = this.#link;
        const views = await withPatience(() => client.listAnyCommands(signal), patience);
        if (signal.aborted) return;
        // No relay lists more.
        this.#takeList(views.slice(-shownCommands));
      }
    } catch (error) {
      this.#link.onTrouble(error);
    }
    this.#refreshes = 0;
  }

  /** The page leaves the session: what was open has no clock and no button any more. */
  close(): void {
    for (const card of this.#cards.values()) {
      card.isQuiet = true;
      card.close('outcome unknown: the session ended');
    }
  }

  #takeList(views: readonly AnyCommandView[]): void {
    // A long text is cut: run again, it would be another command.
    const texts = views.flatMap((view) => (isWholeText(view) ? [view.text] : []));
    if (this.#isFirstList) this.history.unshift(...texts);
    for (const view of views) this.#take(view);
    this.#isFirstList = false;
    this.#link.onChange();
    this.#readEnded();
    this.#follow();
  }

  /** The list may have told of the command before the answer to its push was here. */
  #adopt(card: CommandCard, view: CommandView): void {
    const twin = this.#cards.get(view.id);
    if (twin) {
      twin.setText(card.text ?? '');
      twin.isOwn = true;
      card.remove();
      return;
    }
    card.isWanted = true;
    card.update(view);
    this.#keep(view.id, card);
    this.#follow();
  }

  #take(listed: AnyCommandView): void {
    const { state } = listed;
    const view: CardView & AnyCommandView = isCommandState(state)
      ? { ...listed, state }
      : { ...listed, state: 'unknown', reason: stateOfNewerRelay(state) };
    const known = this.#cards.get(view.id);
    if (known) {
      // A list that was on its way for longer than the news of the end.
      if (known.isComplete && isCommandState(view.state) && !isEnded(view.state)) return;
      if (!known.isComplete || known.view.state !== view.state)
        known.update({ ...view, ...noteAsking(known, view) });
      if (known.isOpen) known.isWanted = true;
      return;
    }
    const card = new CommandCard(view.text ?? undefined, this.#actions);
    card.isWanted = !this.#isFirstList;
    card.isQuiet = this.#isFirstList && view.ended_at !== null;
    card.update(view);
    if (card.isOpen) card.isWanted = true;
    this.#keep(view.id, card);
  }

  #keep(id: string, card: CommandCard): void {
    this.#cards.set(id, card);
    this.#transcript.add(card);
    const newestFirst = [...this.#cards.values()].toSorted((a, b) => b.number - a.number);
    for (const old of newestFirst.slice(shownCommands)) {
      this.#cards.delete(old.id ?? '');
      old.remove();
    }
  }

  /** The output of commands that are over: of the last few unasked, of others by their button. */
  #readEnded(): void {
    const ended = [...this.#cards.values()].filter((card) => !card.isOpen && !card.isComplete);
    const newestFirst = ended.toSorted((a, b) => b.number - a.number);
    for (const [at, card] of newestFirst.entries()) {
      const { stdout_bytes: stdout = 0, stderr_bytes: stderr = 0 } = card.view;
      const isSmall = at < readAgainCommands && stdout + stderr <= readAgainBytes;
      if (!card.isWanted && !isSmall) card.offerOutput();
      else if (!card.isRead) {
        card.isRead = true;
        this.#reading = this.#reading.then(() => this.#read(card));
      }
    }
  }

  /** One command at a time: the oldest that is open runs first. */
  #follow(): void {
    if (this.#isFollowing || this.#link.signal.aborted) return;
    const open = [...this.#cards.values()].filter((card) => card.isOpen && !card.isRead);
    const [card] = open.toSorted((a, b) => a.number - b.number);
    if (!card) return;
    this.#isFollowing = true;
    card.isRead = true;
    void this.#read(card).then(() => {
      this.#isFollowing = false;
      if (card.isComplete) this.#follow();
    });
  }

  async #read(card: CommandCard): Promise<void> {
    const { client, patience, signal } = this.#link;
    try {
      const end: CommandEnd = await followCommand(client, card.id ?? '', card.read, {
        ...patience,
        signal,
        onStdout: async (bytes) => card.append('stdout', bytes),
        onStderr: async (bytes) => card.append('stderr', bytes),
        onState: (state) => {
          if (state === card.view.state) return;
          card.update({ state, ...noteAsking(card, { state }) });
          this.#link.onChange();
        },
        skip: { ...skip, onSkip: (stream, offset) => card.skipTo(stream, offset) },
      });
      card.complete(end);
      this.#link.onChange();
    } catch (error) {
      const code = error instanceof RelayError ? error.code : '';
      if (code === 'unknown_state') card.close(explain(error));
      else if (code !== 'no_such_command') this.#link.onTrouble(error);
      // Other clients pushed so many commands that the relay has forgotten this one.
      else card.close(`outcome unknown: ${explain(error)}`);
    } finally {
      card.isRead = false;
    }
  }

  /** TERM, and KILL for a visitor who asks again. A push that the relay has not confirmed is given up. */
  async #stop(card: CommandCard): Promise<void> {
    const pushing = this.#pushing.get(card);
    if (pushing) return pushing.abort();
    const { client, patience } = this.#link;
    const signal = typeof card.view.cancel_signal === 'string' ? 'KILL' : 'TERM';
    try {
      const { command } = await withPatience(() => client.cancelCommand(card.id ?? '', signal), patience);
      if (!card.isComplete) card.update(command);
    } catch (error) {
      this.#link.onTrouble(error);
    }
  }
}
