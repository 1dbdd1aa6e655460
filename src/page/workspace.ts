/** One open session: watches its status, updates the status bar, and owns its list of commands. */
import { withRetry } from '../client/retry.ts';
import { PollFloor } from '../client/poll-floor.ts';
import { RelayClient } from '../client/relay-client.ts';
import { RelayError } from '../client/relay-error.ts';
import type { HttpSender } from '../client/http.ts';
import { maxWaitSeconds } from '../protocol/limits.ts';
import type { SessionPayload } from '../protocol/session-payload.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import type { CommandCard } from './command-card.ts';
import { CommandList } from './command-list.ts';
import type { LightState } from './describe-light.ts';
import { copyOutput, downloadOutput } from './download.ts';
import { isFinal } from './explain.ts';
import type { Notifier } from './notifier.ts';
import type { Panels } from './panels.ts';
import type { Prompt, Push } from './prompt.ts';
import { noteRelayTime } from './relay-clock.ts';
import type { SessionLink } from './session-link.ts';
import type { StatusBar } from './status-bar.ts';
import type { Transcript } from './transcript.ts';

/** How long the page tries to end a session before it opens the session again. */
const endRetryForMs = 2_000;

export interface WorkspaceParts {
  http: HttpSender;
  bar: StatusBar;
  panels: Panels;
  prompt: Prompt;
  transcript: Transcript;
  notifier: Notifier;
  showTrouble(error: unknown): void;
  /** The session is gone. */
  onGone(error: RelayError): void;
}

function isGone(error: unknown): error is RelayError {
  return error instanceof RelayError && error.code === 'gone';
}

export class Workspace {
  readonly payload: SessionPayload;
  readonly #parts: WorkspaceParts;
  readonly #over = new AbortController();
  readonly #link: SessionLink;
  readonly #commands: CommandList;
  #status: StatusPayload | undefined;
  #light: LightState = 'waiting';
  /** Abort it to cancel the held poll, and read the status at once. */
  #held = new AbortController();

  constructor(payload: SessionPayload, parts: WorkspaceParts) {
    const { key, version = '' } = payload;
    this.payload = payload;
    this.#parts = parts;
    parts.notifier.forget();
    const { signal } = this.#over;
    this.#link = {
      client: new RelayClient(parts.http, key),
      version,
      signal,
      retry: {
        signal,
        retryForMs: Infinity,
        // Also retry truncated responses and responses of other servers. An unknown state of a command is final.
        isRetryable: ({ isRetryable, kind, code }) =>
          isRetryable || (kind === 'not_a_relay' && code !== 'unknown_state'),
        // Read the status now: only its response decides whether the relay is reachable. One request may fail for other reasons.
        onRetry: () => {
          if (signal.aborted) return;
          parts.bar.showAway(true);
          this.#held.abort();
        },
      },
      onChange: () => this.#render(),
      onRetry: (error) => this.#showTrouble(error),
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

  get isSending(): boolean {
    return this.#commands.isSending;
  }

  run(push: Push): void {
    this.#parts.transcript.toEnd();
    this.#commands.push(push);
  }

  /** Ends the session on the relay. */
  async end(): Promise<void> {
    // Leave first: otherwise a held poll fails with `gone`, and the page shows an error.
    this.leave();
    // If the response is lost, the response to the retry is `gone`.
    await withRetry(() => this.#link.client.endSession(), { retryForMs: endRetryForMs }).catch(
      (error: unknown) => {
        if (!isGone(error)) throw error;
      },
    );
  }

  /** Aborts all requests of this session. */
  leave(): void {
    this.#over.abort(new Error('the page has left the session'));
    this.#commands.close();
  }

  #showTrouble(error: unknown): void {
    if (this.#over.signal.aborted) return;
    if (isGone(error)) this.#parts.onGone(error);
    else this.#parts.showTrouble(error);
  }

  /** Long polls the status. Each new revision updates the light and reads the list of commands. */
  async #watch(): Promise<void> {
    const { signal, retry } = this.#link;
    const { bar } = this.#parts;
    const floor = new PollFloor();
    let isAway = false;
    const watching = {
      ...retry,
      // Watch the session as long as the page is open.
      isRetryable: (error: RelayError) => {
        if (isGone(error)) return false;
        // Show it at every failure, not only the first: a relay that moved may report so after its proxy has failed.
        if (isFinal(error)) this.#parts.showTrouble(error);
        return true;
      },
      onRetry: () => {
        isAway = true;
        bar.showAway(true);
      },
    };
    try {
      while (!signal.aborted) {
        floor.begin();
        const known = this.#status?.revision;
        // After an outage the first request does not wait: its response ends the notice on the page.
        const status = await withRetry(() => this.#readStatus(isAway ? undefined : known), watching);
        isAway = false;
        bar.showAway(false);
        const isNews = known === undefined || status.revision !== known;
        this.#status = status;
        noteRelayTime(status.now);
        if (isNews) void this.#commands.refresh();
        this.#render();
        await floor.end(isNews, signal);
      }
    } catch (error) {
      this.#showTrouble(error);
    }
  }

  /** Waits for a newer revision than `after`; without it, returns the status at once. */
  async #readStatus(after: number | undefined): Promise<StatusPayload> {
    const { client, signal } = this.#link;
    if (after === undefined) return client.readStatus({ signal });
    const held = new AbortController();
    this.#held = held;
    try {
      const both = AbortSignal.any([held.signal, signal]);
      return await client.readStatus({ after, waitSeconds: maxWaitSeconds, signal: both });
    } catch (error) {
      if (!held.signal.aborted) throw error;
      return client.readStatus({ signal });
    }
  }

  #render(): void {
    if (!this.#status || this.#link.signal.aborted) return;
    const { bar, panels, notifier } = this.#parts;
    const { current = null, listener } = this.#status;
    const card = this.#commands.find(current);
    // Wait for the list, which is still in flight: it tells whether the command runs or awaits approval.
    if (current !== null && (card?.view.state ?? 'queued') === 'queued' && listener?.attached === true)
      return;
    const { state, who } = bar.show(this.#status, card?.view);
    const before = this.#light;
    this.#light = state;
    notifier.tell(state, who, current);
    if (state === before) return;
    // A listener that connected no longer needs the line; one that disconnected needs it again.
    const isConnected = state !== 'waiting' && state !== 'gone';
    const wasConnected = before !== 'waiting' && before !== 'gone';
    panels.markDisconnected(state === 'gone');
    if (isConnected && !wasConnected && panels.open === 'remote') panels.show(undefined);
    if (state === 'gone') panels.show('remote');
  }

  /** Runs a task that needs all output of a command, and shows its errors. */
  async #take(card: CommandCard, work: typeof downloadOutput): Promise<void> {
    try {
      await work(this.#link, card);
    } catch (error) {
      this.#showTrouble(error);
    }
  }
}
