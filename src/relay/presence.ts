/** Tracks listeners with an open request: a socket that closes without a response is the first sign of a dead listener. */
import { detachListener, touchListener } from '../session/serve-listener.ts';
import type { Exchange } from './exchange.ts';
import { Lasting } from './lasting.ts';
import type { Sessions } from './sessions.ts';

/**
 * A listener with an open request counts as alive and is touched this often, however slow the upload. Polls end sooner
 * than this.
 */
const beatMs = 20_000;

/** An upload that takes longer than this counts as a heartbeat before it is complete. */
const slowUploadMs = 1_000;

/**
 * A listener sends one request after the other, and retries a failed one after 2 s: only a longer gap means that it is
 * gone. Shorter than listenerGraceMs, which counts from the moment at which the socket closed.
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

  /** The number of listeners with an open request at this relay. */
  get size(): number {
    return this.#open.size;
  }

  /** Ignores errors: if the session is gone or the store fails, the next request reports it. */
  #seeHeld({ name, listenerId, exchange }: Hold): void {
    this.see(name, listenerId, exchange).catch(() => undefined);
  }

  /** Counts this request as an open request of the listener until it is over. */
  hold(name: string, listenerId: string, exchange: Exchange): void {
    this.#hold({ name, listenerId, exchange });
  }

  /** The same for a request whose body has not arrived yet. */
  holdUpload(name: string, listenerId: string, exchange: Exchange): void {
    const hold = { name, listenerId, exchange };
    if (!exchange.isOver) this.#slowUploads.add(hold);
    this.#hold(hold);
  }

  #hold(hold: Hold): void {
    const { name, listenerId, exchange } = hold;
    // The peer has already disconnected: there will be no end event.
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

  /** Marks the listener as gone from now on, unless it sends a request soon, to this or another relay. */
  #watchAbsence(name: string, listenerId: string, address: string): void {
    const closedAt = this.#sessions.clock().now;
    setTimeout(() => {
      if (this.#open.has(`${name} ${listenerId}`)) return;
      // If this fails, the session notices the listener's silence later.
      this.#sessions
        .update(name, (session) => detachListener(session, listenerId, closedAt), { address }, false)
        .catch(() => undefined);
    }, absenceMs).unref();
  }

  /** Records a heartbeat of the listener. */
  see(name: string, listenerId: string, exchange: Exchange): Promise<void> {
    return this.#sessions.update(name, (session, now) => touchListener(session, listenerId, now), exchange);
  }
}
