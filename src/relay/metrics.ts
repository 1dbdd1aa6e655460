/** What the relay counts, in thirteen families. No label holds a word of anyone's: routes, statuses, codes and states are few. */
import { isEnding } from '../session/changes.ts';
import type { Answered } from './answered.ts';
import { Counter, Histogram, renderGauge } from './metrics-text.ts';
import type { StoreObserver } from '../store/store.ts';
import type { EventSink, SessionEvent } from './session-event.ts';

/** Seconds: from a look into memory to an upload over a slow link. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What is so at this moment. */
export interface Levels {
  sessions: number;
  listeners: number;
  heldPolls: number;
}

/** Seconds: from an answer of the same machine to one that was given up. */
const storeBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export class Metrics implements EventSink, StoreObserver {
  readonly #requests = new Counter<'route' | 'status'>(
    'remotify_requests_total',
    'Requests that are over, by route and status; status none: the peer left before there was one.',
  );
  readonly #refusals = new Counter<'code'>('remotify_refusals_total', 'Refusals, by their code.');
  readonly #commands = new Counter<'state'>(
    'remotify_commands_total',
    'Commands that ended, by state; one that was lost and turns out finished counts as both.',
  );
  readonly #received = new Counter('remotify_received_bytes_total', 'Bytes of requests on the wire.');
  readonly #sent = new Counter('remotify_sent_bytes_total', 'Bytes of answers on the wire.');
  readonly #seconds = new Histogram(
    'remotify_request_seconds',
    'How long requests took, without the time that they were held.',
    bounds,
  );
  readonly #storeSeconds = new Histogram(
    'remotify_store_seconds',
    'How long the calls to a shared store took that were answered.',
    storeBounds,
  );
  readonly #storeFailures = new Counter(
    'remotify_store_failures_total',
    'Calls to a shared store that were not answered, or refused.',
  );
  readonly #storeConflicts = new Counter(
    'remotify_store_conflicts_total',
    'Updates that were begun anew because another relay had changed the session.',
  );

  constructor() {
    // There from the start: what never happened is 0, not missing.
    this.#received.add({}, 0);
    this.#sent.add({}, 0);
    this.#storeFailures.add({}, 0);
    this.#storeConflicts.add({}, 0);
  }

  called(ms: number): void {
    this.#storeSeconds.observe(ms / 1000);
  }

  failed(): void {
    this.#storeFailures.add({});
  }

  conflicted(): void {
    this.#storeConflicts.add({});
  }

  count({ route, status, code, bytesIn, bytesOut, durationMs, heldMs }: Answered): void {
    this.#requests.add({ route: route || '-', status: String(status ?? 'none') });
    if (code !== undefined) this.#refusals.add({ code });
    this.#received.add({}, bytesIn);
    this.#sent.add({}, bytesOut);
    this.#seconds.observe(Math.max(0, durationMs - heldMs) / 1000);
  }

  emit({ change }: SessionEvent): void {
    if (change.subject === 'command' && isEnding(change)) this.#commands.add({ state: change.command.state });
  }

  render({ sessions, listeners, heldPolls }: Levels): string {
    return [
      renderGauge('remotify_sessions', 'Sessions that are alive.', sessions),
      renderGauge('remotify_listeners', 'Listeners that have a request open.', listeners),
      renderGauge(
        'remotify_held_polls',
        'Requests that are held until there is something to say.',
        heldPolls,
      ),
      ...[
        this.#requests,
        this.#refusals,
        this.#commands,
        this.#received,
        this.#sent,
        this.#seconds,
        this.#storeSeconds,
        this.#storeFailures,
        this.#storeConflicts,
      ].map((family) => family.render()),
      renderGauge(
        'process_resident_memory_bytes',
        'Resident memory size in bytes.',
        process.memoryUsage.rss(),
      ),
    ].join('');
  }
}
