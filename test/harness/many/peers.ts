/** A session with a listener that polls for commands and a reader that polls for results, both as small as possible. */
import { Line } from './line.ts';

/** The longest poll that a relay holds. */
const longestWaitSeconds = 25;

/** A poll that was not woken ends by itself, in most cases later than this. */
export const wokenWithinMs = 5_000;

export type Keys = { key: string; listener_key: string };

/** `at` is a value of `performance.now()`. */
export type Arrival = { text: string; at: number };

/** Several addresses, because one does not have enough ports. */
const addresses = Array.from({ length: 9 }, (_, nth) => `127.0.0.${nth + 1}`);
let lines = 0;

export function openLine(port: number): Line {
  lines += 1;
  return new Line(port, addresses[lines % addresses.length] ?? '');
}

export class Peers {
  readonly #keys: Keys;
  readonly #listener: Line;
  readonly #reader: Line;
  /** The commands that the listener got, in order. */
  readonly scripts: Arrival[] = [];
  /** The results that the reader got, in order. */
  readonly results: Arrival[] = [];
  #onResult: (() => void) | undefined;
  #isClosed = false;

  constructor(port: number, keys: Keys) {
    this.#keys = keys;
    this.#listener = openLine(port);
    this.#reader = openLine(port);
  }

  get slot(): string {
    return `/cmd-${this.#keys.key}`;
  }

  /** Resolves once the first poll was sent. `firstWaitSeconds` varies, so that the polls of many listeners end at different times. */
  async listen(firstWaitSeconds: number): Promise<void> {
    await this.#listener.open();
    this.#goOn(this.#serve(firstWaitSeconds));
  }

  async read(): Promise<void> {
    await this.#reader.open();
    this.#goOn(this.#readResults());
  }

  #goOn(loop: Promise<void>): void {
    loop.catch((error: unknown) => {
      if (!this.#isClosed) throw error;
    });
  }

  async #serve(firstWaitSeconds: number): Promise<void> {
    const from = `Authorization: Bearer ${this.#keys.listener_key}\r\nRemotify-Listener: listener-of-many\r\nRemotify-Mode: auto\r\n`;
    let had = '';
    for (let wait = firstWaitSeconds; !this.#isClosed; wait = longestWaitSeconds) {
      const path = `/api/session/self/next?wait=${wait}&had=${had}`;
      const { status, body } = await this.#listener.ask('GET', path, from);
      if (status === 204) continue;
      const [, id = '', script = ''] = /^remotify\/1 run (c\d+) .*\n(.*)\nremotify\/1 end/.exec(body) ?? [];
      if (status !== 200 || id === '') throw new Error(`a poll failed: ${status} ${body}`);
      this.scripts.push({ text: script, at: performance.now() });
      had = id;
      const end = `/api/session/self/commands/${id}/finish?exit_status=0`;
      const finished = await this.#listener.ask('POST', end, from, `ran ${script}`);
      if (finished.status !== 200)
        throw new Error(`finishing a command failed: ${finished.status} ${finished.body}`);
    }
  }

  async #readResults(): Promise<void> {
    while (!this.#isClosed) {
      const { status, body } = await this.#reader.ask('GET', `/result-${this.#keys.key}`, '');
      if (status === 204) continue;
      if (status !== 200) throw new Error(`reading a result failed: ${status} ${body}`);
      this.results.push({ text: body, at: performance.now() });
      this.#onResult?.();
    }
  }

  /** Pushes a command on this connection, and waits until the reader has got its result through the listener. */
  async makeRoundTrip(pusher: Line, script: string): Promise<void> {
    const begun = performance.now();
    const read = new Promise<void>((resolve) => {
      this.#onResult = resolve;
    });
    const { status, body } = await pusher.ask('POST', this.slot, '', script);
    if (status !== 201) throw new Error(`a push failed: ${status} ${body}`);
    await read;
    const took = performance.now() - begun;
    if (took > wokenWithinMs) throw new Error(`a wake-up was lost: the round trip took ${took} ms`);
  }

  close(): void {
    this.#isClosed = true;
    this.#listener.close();
    this.#reader.close();
  }
}
