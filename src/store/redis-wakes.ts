/** Wakes the watchers of all other relays when a session changes, through one Redis channel. */
import { randomBytes } from 'node:crypto';
import type { RedisClient } from './redis-client.ts';
import { wakeChannel } from './redis-layout.ts';
import type { RedisSubscriber } from './redis-subscriber.ts';
import type { Watchers } from './watchers.ts';

/** After a gap in the messages all watched sessions are read again, spread over this time. */
const spreadMs = 200;
const spreadSteps = 20;

export interface WakeSink {
  /** Another process changed the session. */
  onChange: (name: string) => void;
}

export class RedisWakes {
  /** Identifies the messages of this process. */
  readonly #origin = randomBytes(6).toString('hex');
  readonly #watchers: Watchers;
  readonly #sink: WakeSink;
  readonly #subscriber: RedisSubscriber;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Resolves once the channel is subscribed. */
  readonly ready: Promise<void>;

  constructor(client: RedisClient, watchers: Watchers, sink: WakeSink) {
    this.#watchers = watchers;
    this.#sink = sink;
    let tellReady = (): void => undefined;
    this.ready = new Promise((resolve) => {
      tellReady = resolve;
    });
    this.#subscriber = client.subscribe(
      wakeChannel,
      (text) => this.#take(text),
      () => {
        tellReady();
        this.#wakeAll();
      },
    );
  }

  /** The message that is published for a change of the session. */
  messageFor(name: string): string {
    return `${name} ${this.#origin}`;
  }

  #take(text: string): void {
    const [name = '', origin] = text.split(' ');
    // A change by this process has already woken its watchers.
    if (origin === this.#origin) return;
    this.#sink.onChange(name);
    this.#watchers.wake(name);
  }

  /** Messages may have been missed: read each watched session again. */
  #wakeAll(): void {
    const names = this.#watchers.names();
    for (let step = 0; step < spreadSteps; step += 1) {
      const mine = names.filter((_name, at) => at % spreadSteps === step);
      if (mine.length === 0) continue;
      const timer = setTimeout(
        () => {
          this.#timers.delete(timer);
          for (const name of mine) {
            this.#sink.onChange(name);
            this.#watchers.wake(name);
          }
        },
        (step * spreadMs) / spreadSteps,
      ).unref();
      this.#timers.add(timer);
    }
  }

  close(): void {
    this.#subscriber.close();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
