/** The metrics of the relay, in thirteen families. Labels are routes, statuses, codes and states, never untrusted text. */
import { isEnding } from '../session/changes.ts';
import type { Answered } from './answered.ts';
import { Counter, Histogram, renderGauge } from './metrics-text.ts';
import type { StoreObserver } from '../store/store.ts';
import type { EventSink, SessionEvent } from './session-event.ts';

/** Bucket bounds in seconds: from a read of memory to an upload over a slow link. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Gauges: the values at this moment. */
export interface Levels {
  sessions: number;
  listeners: number;
  heldPolls: number;
}

/** Bucket bounds in seconds: from a response of a store on the same machine to a timeout. */
const storeBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export class Metrics implements EventSink, StoreObserver {
  readonly #requests = new Counter<'route' | 'status'>(
    'remotify_requests_total',
    'Completed requests, by route and status; status none: the client disconnected before the response.',
  );
  readonly #refusals = new Counter<'code'>('remotify_refusals_total', 'Refused requests, by error code.');
  readonly #commands = new Counter<'state'>(
    'remotify_commands_total',
    'Ended commands, by state; a lost command whose result arrives later counts in both states.',
  );
  readonly #received = new Counter('remotify_received_bytes_total', 'Bytes of requests on the wire.');
  readonly #sent = new Counter('remotify_sent_bytes_total', 'Bytes of responses on the wire.');
  readonly #seconds = new Histogram(
    'remotify_request_seconds',
    'Duration of requests, without the time for which the relay held them as long polls.',
    bounds,
  );
  readonly #storeSeconds = new Histogram(
    'remotify_store_seconds',
    'Duration of successful calls to a shared store.',
    storeBounds,
  );
  readonly #storeFailures = new Counter(
    'remotify_store_failures_total',
    'Failed calls to a shared store: not answered, or refused.',
  );
  readonly #storeConflicts = new Counter(
    'remotify_store_conflicts_total',
    'Updates that were retried because another relay had changed the session.',
  );

  constructor() {
    // Add 0, so that these counters are present from the start.
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
      renderGauge('remotify_sessions', 'Live sessions.', sessions),
      renderGauge('remotify_listeners', 'Listeners with an open request.', listeners),
      renderGauge('remotify_held_polls', 'Long polls that the relay is holding.', heldPolls),
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
