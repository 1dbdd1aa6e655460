/** Several relays on one Redis behind a splitter. A killed relay restarts on its own port. */
import { onTestFinished } from 'vitest';
import { binaryPath } from '../../harness/binary.ts';
import { eventually } from '../../harness/deadline.ts';
import { type Relay, startRelay } from '../../harness/relay-process.ts';
import { type Splitter, startSplitter } from '../../harness/splitter.ts';
import { forTest } from '../../harness/for-test.ts';

export type FleetOptions = { store: string; count?: number; flags?: string[]; binary?: string };

export class Fleet {
  readonly splitter: Splitter;
  readonly #start: (port: number) => Promise<Relay>;
  readonly #relays: Relay[] = [];
  #next = 0;
  kills = 0;

  private constructor(splitter: Splitter, start: (port: number) => Promise<Relay>) {
    this.splitter = splitter;
    this.#start = start;
  }

  /** Stops when the test ends. */
  static async open({ store, count = 3, flags = [], binary = binaryPath }: FleetOptions): Promise<Fleet> {
    const splitter = await forTest(startSplitter());
    const given = [...flags, '--public-url', splitter.url, '--max-sessions-per-address', '0'];
    const start = (port: number) => startRelay({ store, flags: given, binary, port });
    const fleet = new Fleet(splitter, start);
    onTestFinished(() => fleet.#stop());
    for (let nth = 0; nth < count; nth += 1) fleet.#relays.push(await start(0));
    splitter.aim(fleet.#relays);
    return fleet;
  }

  get relays(): readonly Relay[] {
    return this.#relays;
  }

  /** `kill -9` of the next relay in turn, then a new relay on its port, as soon as the store lets it start. */
  async replaceNext(): Promise<void> {
    const nth = this.#next % this.#relays.length;
    this.#next += 1;
    const relay = this.#relays[nth];
    if (!relay) return;
    await relay.kill('SIGKILL');
    await relay.stop();
    this.kills += 1;
    this.#relays[nth] = await eventually('a relay starts again', 60_000, () => this.#start(relay.port), 200);
  }

  async #stop(): Promise<void> {
    for (const relay of this.#relays) await relay.kill('SIGKILL').catch(() => undefined);
    for (const relay of this.#relays) await relay.stop();
  }
}
