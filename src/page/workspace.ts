/** One open session: watches its status, updates the status bar, and owns its list of commands. */
import { withPatience } from '../client/patience.ts';
import { PollFloor } from '../client/poll-floor.ts';
import { RelayClient } from '../client/relay-client.ts';
import { RelayError } from '../client/relay-error.ts';
import type { Http } from '../client/http.ts';
import { maxWaitSeconds } from '../protocol/limits.ts';
import type { SessionPayload } from '../protocol/session-payload.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import type { CommandCard } from './command-card.ts';
import { CommandList, type Push } from './command-list.ts';
import type { LightState } from './describe-light.ts';
import { copyOutput, downloadOutput } from './download.ts';
import type { Notifier } from './notifier.ts';
import type { Panels } from './panels.ts';
import type { Prompt } from './prompt.ts';
import type { SessionLink } from './session-link.ts';
import type { StatusBar } from './status-bar.ts';
import type { Transcript } from './transcript.ts';

export interface WorkspaceParts {
  http: Http;
  bar: StatusBar;
  panels: Panels;
  prompt: Prompt;
  transcript: Transcript;
  notifier: Notifier;
  showTrouble(error: unknown): void;
  /** The session is gone. */
  onGone(error: RelayError): void;
}

export class Workspace {
  readonly key: string;
  readonly #parts: WorkspaceParts;
  readonly #over = new AbortController();
  readonly #link: SessionLink;
  readonly #commands: CommandList;
  #status: StatusPayload | undefined;
  #light: LightState = 'waiting';

  constructor({ key, version = '' }: SessionPayload, parts: WorkspaceParts) {
    this.key = key;
    this.#parts = parts;
    const { signal } = this.#over;
    this.#link = {
      client: new RelayClient(parts.http, key),
      version,
      signal,
      patience: {
        signal,
        patienceMs: Infinity,
        onTrouble: () => parts.bar.showAway(true),
        onRecovery: () => parts.bar.showAway(false),
      },
      onChange: () => this.#render(),
      onTrouble: (error) =>
        error instanceof RelayError && error.code === 'gone' ? parts.onGone(error) : parts.showTrouble(error),
    };
    this.#commands = new CommandList(this.#link, parts.transcript, {
      again: (text) => parts.prompt.edit(text),
      download: (card) => void this.#take(card, downloadOutput),
      copy: (card) => void this.#take(card, copyOutput),
    });
    void this.#watch();
  }

  get history(): readonly string[] {
    return this.#commands.history;
  }

  run(push: Push): void {
    this.#parts.transcript.toEnd();
    void this.#commands.push(push);
  }

  /** Asks the relay to forget the session. */
  async end(): Promise<void> {
    // First: a held poll would fail with `gone` and be reported as an error.
    this.leave();
    await this.#link.client.endSession().catch((error: unknown) => {
      if (!(error instanceof RelayError) || error.code !== 'gone') throw error;
    });
  }

  /** Ends all requests of this session. */
  leave(): void {
    this.#over.abort(new Error('the page has left the session'));
  }

  /** Long polls the status. Each new revision updates the light and reads the list of commands. */
  async #watch(): Promise<void> {
    const { client, patience, signal } = this.#link;
    const floor = new PollFloor();
    let isAway = false;
    const watching = {
      ...patience,
      onTrouble: (error: RelayError) => {
        isAway = true;
        patience.onTrouble?.(error);
      },
    };
    try {
      while (!signal.aborted) {
        floor.begin();
        const known = this.#status?.revision;
        const status = await withPatience(() => {
          // After an outage the first request does not wait: its response ends the notice on the page.
          const poll = known === undefined || isAway ? {} : { after: known, waitSeconds: maxWaitSeconds };
          return client.readStatus({ ...poll, signal });
        }, watching);
        isAway = false;
        const isNews = known === undefined || status.revision !== known;
        this.#status = status;
        if (isNews) void this.#commands.refresh();
        this.#render();
        await floor.end(isNews, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#link.onTrouble(error);
    }
  }

  #render(): void {
    if (!this.#status || this.#link.signal.aborted) return;
    const { bar, panels, notifier } = this.#parts;
    const { state, who } = bar.show(this.#status, this.#commands.find(this.#status.current)?.view);
    const before = this.#light;
    this.#light = state;
    notifier.tell(state, who);
    if (state === before) return;
    // A listener that connected no longer needs the line; one that disconnected needs it again.
    const isConnected = state !== 'waiting' && state !== 'gone';
    const wasConnected = before !== 'waiting' && before !== 'gone';
    panels.markDisconnected(state === 'gone');
    if (isConnected && !wasConnected && panels.open === 'remote') panels.show(undefined);
    if (state === 'gone') panels.show('remote');
  }

  /** What needs all of the output of a command. */
  async #take(card: CommandCard, work: typeof downloadOutput): Promise<void> {
    try {
      await work(this.#link, card);
    } catch (error) {
      if (!this.#link.signal.aborted) this.#link.onTrouble(error);
    }
  }
}
