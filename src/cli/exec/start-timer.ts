/** Cancels a command that did not start in time. A command that starts meanwhile keeps running. */
import { hasListener } from '../../text/describe-presence.ts';
import { withRetry } from '../../client/retry.ts';
import type { RelayClient } from '../../client/relay-client.ts';
import { RelayError } from '../../client/relay-error.ts';
import type { CommandState } from '../../protocol/command-states.ts';
import { pickUpSeconds, type StartBounds } from './start-bounds.ts';
import { timerMs } from '../timer-limit.ts';

/** What the command was waiting for when its time ran out. */
export type Awaited = 'listener' | 'queue' | 'approval';

export class StartTimer {
  readonly #client: RelayClient;
  readonly #id: string;
  readonly #bounds: StartBounds;
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #state: CommandState | undefined;
  /** What was missing when this client cancelled the command. */
  #missed: Awaited | undefined;

  constructor(client: RelayClient, id: string, bounds: StartBounds) {
    this.#client = client;
    this.#id = id;
    this.#bounds = bounds;
    const { listener } = bounds;
    // The bound of the listener starts at the push. The relay itself enforces the total.
    if (listener) this.#arm(listener.seconds, () => this.#checkListener());
  }

  get missed(): Awaited | undefined {
    return this.#missed;
  }

  /** Called with each state of the command. */
  see(state: CommandState): void {
    const before = this.#state;
    this.#state = state;
    if (state === before) return;
    const { approval, listener } = this.#bounds;
    // The bound of the listener has been running since the push.
    if (before === undefined && state === 'queued') return;
    clearTimeout(this.#timer);
    if (state === 'awaiting_approval' && approval)
      this.#arm(approval.seconds, () => this.#cancel('approval'));
    // The listener disconnected before the operator answered.
    if (state === 'queued' && listener) this.#arm(listener.seconds, () => this.#checkListener());
  }

  /** The command ended, or is no longer followed. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#over.abort();
  }

  #arm(seconds: number, ring: () => Promise<void>): void {
    clearTimeout(this.#timer);
    // A failed request is ignored here: the code that follows the command reports an unreachable relay.
    const run = (): void => void ring().catch(() => undefined);
    this.#timer = setTimeout(run, timerMs(seconds));
  }

  async #checkListener(): Promise<void> {
    const { signal } = this.#over;
    const status = await withRetry(() => this.#client.readStatus({ signal }), { signal });
    if (this.#state !== undefined && this.#state !== 'queued') return;
    if (!hasListener(status)) return this.#cancel('listener');
    // A listener is connected, so the command waits in its queue, for which --wait 0 gives no time.
    if (this.#bounds.atOnce) this.#arm(pickUpSeconds, () => this.#cancel('queue'));
  }

  async #cancel(missed: Awaited): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#missed = missed;
    const cancel = () => this.#client.cancelCommand(this.#id, 'none');
    try {
      const { outcome } = await withRetry(cancel, { signal: this.#over.signal });
      // The command started just before the cancel: it is followed to its end.
      if (outcome === 'running') this.#missed = undefined;
    } catch (error) {
      // This relay is too old to know this cancel. It expires the command when the total is over.
      if (error instanceof RelayError && error.kind === 'refused') this.#missed = undefined;
      throw error;
    }
  }
}
