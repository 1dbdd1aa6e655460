/** The commands of a session: pushed, listed, followed from the right offset, stopped. */
import { type CommandEnd, followCommand } from '../client/follow-command.ts';
import { withPatience } from '../client/patience.ts';
import { RelayError } from '../client/relay-error.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { maxEndedCommands, maxQueuedCommands } from '../protocol/limits.ts';
import { type CardActions, CommandCard } from './command-card.ts';
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

  get newest(): CommandCard | undefined {
    return [...this.#cards.values()].toSorted((a, b) => b.number - a.number)[0];
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
      idempotencyKey: crypto.randomUUID(),
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
    const mayHaveArrived = wasGivenUp || (error instanceof RelayError && error.isPassing);
    const words = error instanceof Error ? error.message : 'an error in this page';
    const reason = mayHaveArrived
      ? 'not confirmed by the relay; if it arrived after all, it appears here'
      : `not accepted: ${words}`;
    card.update({ state: 'unsent', reason });
    if (error instanceof RelayError && error.code === 'gone') this.#report(error);
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
        this.#takeList(await withPatience(() => this.#link.client.listCommands(), this.#link.patience));
      }
    } catch (error) {
      this.#report(error);
    }
    this.#refreshes = 0;
  }

  #takeList(views: readonly CommandView[]): void {
    for (const view of views) this.#take(view);
    // Without those that the relay tells in part: a command that was cut would do something else.
    const known = views.map(({ id }) => this.#cards.get(id));
    if (this.#isFirstList)
      this.history.unshift(...known.flatMap((card) => (card?.isWhole === true ? [card.text ?? ''] : [])));
    this.#isFirstList = false;
    this.#link.onChange();
    this.#readEnded();
    this.#follow();
  }

  #report(error: unknown): void {
    if (!this.#link.signal.aborted) this.#link.onTrouble(error);
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

  #take(view: CommandView): void {
    const known = this.#cards.get(view.id);
    if (known) {
      if (!known.isComplete || known.view.state !== view.state) known.update(view);
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
    for (const old of newestFirst.slice(maxEndedCommands + maxQueuedCommands)) {
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
          card.update({ state });
          this.#link.onChange();
        },
        skip: { ...skip, onSkip: (stream, offset) => card.skipTo(stream, offset) },
      });
      card.complete(end);
      this.#link.onChange();
    } catch (error) {
      this.#report(error);
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
      this.#report(error);
    }
  }
}
