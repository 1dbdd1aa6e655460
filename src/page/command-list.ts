/** The commands of a session: pushes, lists and stops them. */
import { withRetry } from '../client/retry.ts';
import { RelayError } from '../client/relay-error.ts';
import { isCommandState, isEnded } from '../protocol/command-states.ts';
import type { AnyCommandView, CommandView } from '../protocol/command-view.ts';
import { maxEndedCommands, maxQueuedCommands } from '../protocol/limits.ts';
import { type CardActions, CommandCard } from './command-card.ts';
import { isReusable, toCardView } from './command-words.ts';
import { explainUnsent } from './explain.ts';
import { OutputReader } from './output-reader.ts';
import type { Push } from './prompt.ts';
import { makeRandomId } from './random-id.ts';
import { sendFile } from './send-file.ts';
import type { SessionLink } from './session-link.ts';
import type { Transcript } from './transcript.ts';

/** Long enough for a restart of the relay. A visitor would not expect a command to be pushed later than this. */
const pushRetryForMs = 60_000;

/** As many as a relay stores: queued commands, the running one, and ended ones. */
const shownCommands = maxQueuedCommands + 1 + maxEndedCommands;

export class CommandList {
  readonly #link: SessionLink;
  readonly #transcript: Transcript;
  readonly #actions: CardActions;
  readonly #cards = new Map<string, CommandCard>();
  /** Pushes that the relay has not confirmed. */
  readonly #pushing = new Map<CommandCard, AbortController>();
  /** Pushes are sent one at a time: concurrent ones could arrive in the wrong order. */
  #lastPush: Promise<void> = Promise.resolve();
  /** The push that is being sent. */
  #sent: CommandCard | undefined;
  readonly #output: OutputReader;
  /** Number of files that are being sent to commands. */
  #files = 0;
  #refreshes = 0;
  #isFirstList = true;
  /** Texts of commands, oldest first. */
  readonly history: string[] = [];

  constructor(link: SessionLink, transcript: Transcript, actions: Omit<CardActions, 'stop' | 'show'>) {
    this.#link = link;
    this.#output = new OutputReader(link, () => [...this.#cards.values()]);
    this.#transcript = transcript;
    this.#actions = {
      ...actions,
      stop: (card) => void this.#stop(card),
      show: (card) => {
        card.isWanted = true;
        this.#output.readEnded();
      },
    };
  }

  /** A command or file of the visitor is still being sent. */
  get isSending(): boolean {
    return this.#pushing.size + this.#files > 0;
  }

  find(id: string | null | undefined): CommandCard | undefined {
    return this.#cards.get(id ?? '');
  }

  push(push: Push): void {
    this.history.push(push.text);
    const card = new CommandCard(push.text, this.#actions);
    card.isOwn = true;
    const giveUp = new AbortController();
    this.#pushing.set(card, giveUp);
    this.#transcript.add(card);
    const deadline = Date.now() + pushRetryForMs;
    this.#lastPush = this.#lastPush.then(() => this.#send(card, push, giveUp, deadline));
  }

  async #send(
    card: CommandCard,
    { text, file }: Push,
    giveUp: AbortController,
    deadline: number,
  ): Promise<void> {
    this.#sent = card;
    const { client, version, retry, signal: over } = this.#link;
    // If the page leaves the session, the push of a command with a file continues: the page needs the id to cancel the command.
    const signal = file ? giveUp.signal : AbortSignal.any([giveUp.signal, over]);
    const options = {
      idempotencyKey: makeRandomId(),
      client: `browser,remotify/${version}`,
      stdin: file !== undefined,
    };
    const script = new TextEncoder().encode(text);
    let lastError: unknown;
    const attempt = async (): Promise<CommandView> => {
      // Date.now() also counts time while this machine was asleep.
      if (over.aborted || signal.aborted || Date.now() > deadline) throw new Error('too late');
      try {
        return await client.pushCommand(script, options, signal);
      } catch (error) {
        lastError = error;
        throw error;
      }
    };
    try {
      const view = await withRetry(attempt, { ...retry, signal });
      if (!over.aborted) this.#adopt(card, view);
      if (file) void this.#sendFile(view.id, file);
    } catch {
      this.#giveUp(card, lastError, giveUp.signal.aborted);
    } finally {
      this.#pushing.delete(card);
    }
  }

  /** Without an error, the push was never sent. */
  #giveUp(card: CommandCard, error: unknown, wasGivenUp: boolean): void {
    // Keep its position: later commands are shown below it.
    card.place = Math.max(0, ...[...this.#cards.values()].map(({ number }) => number)) + 0.5;
    card.update({ state: 'unsent', reason: error ? explainUnsent(error, wasGivenUp) : null });
    if (error instanceof RelayError && error.code === 'gone') this.#link.onRetry(error);
  }

  /** Stops the command if its input is incomplete: the command would take the part for the whole file. */
  async #sendFile(id: string, file: File): Promise<void> {
    this.#files++;
    const words = await sendFile(this.#link, id, file);
    this.#files--;
    const { client, signal } = this.#link;
    // The page left the session: without this, the command would wait forever for the rest of its input.
    if (signal.aborted) void client.cancelCommand(id, 'TERM').catch(() => 0);
    const card = this.find(id);
    if (words === '' || !card) return;
    card.say(`${words}; this page stops the command`);
    await this.#stop(card);
  }

  /** Reads the list of commands. A call during a read starts one more read after it. */
  async refresh(): Promise<void> {
    if (++this.#refreshes > 1) return;
    try {
      for (let seen = 0; seen !== this.#refreshes; ) {
        seen = this.#refreshes;
        const { client, retry, signal } = this.#link;
        const views = await withRetry(() => client.listAnyCommands(signal), retry);
        if (signal.aborted) return;
        // A correct relay does not list more.
        this.#takeList(views.slice(-shownCommands));
      }
    } catch (error) {
      this.#link.onRetry(error);
    }
    this.#refreshes = 0;
  }

  /** The page leaves the session: closes all cards, which stops their clocks and hides their buttons. */
  close(): void {
    for (const card of this.#cards.values()) {
      card.isQuiet = true;
      card.close('outcome unknown: the session ended');
    }
  }

  #takeList(views: readonly AnyCommandView[]): void {
    if (this.#isFirstList) {
      // The history already has the commands that this tab pushed.
      const own = new Set(this.history);
      const texts = views.flatMap((view) => (isReusable(view) ? [view.text] : []));
      this.history.unshift(...texts.filter((text) => !own.has(text)));
    }
    for (const view of views) this.#take(view);
    this.#isFirstList = false;
    this.#link.onChange();
    this.#output.readEnded();
    this.#output.follow();
  }

  /** The list may contain the command before the response to its push has arrived. */
  #adopt(card: CommandCard, view: CommandView): void {
    const twin = this.#cards.get(view.id);
    if (twin) {
      twin.setText(card.text ?? '');
      twin.isOwn = true;
      twin.isWanted = true;
      // Render again: the card showed the command as coming from another tab.
      twin.update({ state: twin.view.state });
      card.remove();
      this.#output.readEnded();
      return;
    }
    card.isWanted = true;
    card.update(view);
    this.#keep(view.id, card);
    this.#output.follow();
  }

  #take(listed: AnyCommandView): void {
    const view = toCardView(listed);
    const known = this.#cards.get(view.id);
    if (known) {
      // This list is older than the news that the command ended.
      if (known.isComplete && isCommandState(view.state) && !isEnded(view.state)) return;
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
    for (const old of newestFirst.slice(shownCommands)) {
      this.#cards.delete(old.id ?? '');
      old.remove();
    }
  }

  /** Sends TERM, and KILL if the visitor presses again. Gives up a push that the relay has not confirmed. */
  async #stop(card: CommandCard): Promise<void> {
    const pushing = this.#pushing.get(card);
    if (pushing) {
      this.#pushing.delete(card);
      pushing.abort();
      // #send() sets its position later, when the commands before it have their numbers.
      if (card !== this.#sent) card.update({ state: 'unsent' });
      return;
    }
    const { client, retry } = this.#link;
    const signal = card.isTold ? 'KILL' : 'TERM';
    try {
      const { command } = await withRetry(() => client.cancelCommand(card.id ?? '', signal), retry);
      if (!card.isComplete) card.update(command);
    } catch (error) {
      this.#link.onRetry(error);
    }
  }
}
