/** Which listeners have a request open: a socket that closes without an answer is the first sign that one died. */
import { detachListener, touchListener } from '../session/serve-listener.ts';
import type { Exchange } from './exchange.ts';
import { Lasting } from './lasting.ts';
import type { Sessions } from './sessions.ts';

/** While a request of a listener is open it is heard, however slowly its body comes; a poll is answered before this. */
const beatMs = 20_000;

/** An upload that takes longer than this is a sign of life before all of it is here. */
const slowUploadMs = 1_000;

/**
 * A listener goes from one request to the next, and repeats one that failed after a pause of 2 s: only a longer gap is an absence. Shorter
 * than listenerGraceMs, which counts from the moment in which the socket closed.
 */
const absenceMs = 4_000;

/** One open request of a listener. */
interface Hold {
  readonly name: string;
  readonly listenerId: string;
  readonly exchange: Exchange;
}

export class Presence {
  readonly #sessions: Sessions;
  readonly #open = new Map<string, number>();
  readonly #beats = new Lasting<Hold>(beatMs, (hold) => {
    this.#beats.add(hold);
    this.#seeHeld(hold);
  });
  readonly #slowUploads = new Lasting<Hold>(slowUploadMs, (hold) => this.#seeHeld(hold));

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** How many listeners have a request open at this relay. */
  get size(): number {
    return this.#open.size;
  }

  /** A session that is gone, or a store that fails, will show at the next request. */
  #seeHeld({ name, listenerId, exchange }: Hold): void {
    this.see(name, listenerId, exchange).catch(() => undefined);
  }

  /** Counts this request as the listener's until it is over. */
  hold(name: string, listenerId: string, exchange: Exchange): void {
    this.#hold({ name, listenerId, exchange });
  }

  /** The same for a request whose body is still to come. */
  holdUpload(name: string, listenerId: string, exchange: Exchange): void {
    const hold = { name, listenerId, exchange };
    if (!exchange.isOver) this.#slowUploads.add(hold);
    this.#hold(hold);
  }

  #hold(hold: Hold): void {
    const { name, listenerId, exchange } = hold;
    // A peer that left while its request was looked at has closed for good.
    if (exchange.isOver) return;
    const place = `${name} ${listenerId}`;
    this.#open.set(place, (this.#open.get(place) ?? 0) + 1);
    this.#beats.add(hold);
    exchange.onEnd(() => {
      this.#beats.remove(hold);
      this.#slowUploads.remove(hold);
      const left = (this.#open.get(place) ?? 1) - 1;
      if (left > 0) this.#open.set(place, left);
      else this.#open.delete(place);
      if (exchange.isGone && left <= 0) this.#watchAbsence(name, listenerId, exchange.address);
    });
  }

  /** It is gone since now, unless it is heard of soon, at this relay or another one. */
  #watchAbsence(name: string, listenerId: string, address: string): void {
    const closedAt = this.#sessions.clock().now;
    setTimeout(() => {
      if (this.#open.has(`${name} ${listenerId}`)) return;
      // Where this fails, the listener's silence shows later.
      this.#sessions
        .update(name, (session) => detachListener(session, listenerId, closedAt), { address }, false)
        .catch(() => undefined);
    }, absenceMs).unref();
  }

  /** A sign of life. */
  see(name: string, listenerId: string, exchange: Exchange): Promise<void> {
    return this.#sessions.update(name, (session, now) => touchListener(session, listenerId, now), exchange);
  }
}
