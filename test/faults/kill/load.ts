/** Runs several sessions in parallel: each is created, used, checked and ended, then replaced by a new one. */
import type { Answer, Call } from '../../promises/wire.ts';
import { draw } from './intent.ts';
import { LoadedSession } from './loaded-session.ts';
import { Over, type PatientWire } from './patient-wire.ts';
import { SlotWork } from './slot-work.ts';
import type { Tally } from './tally.ts';
import { LoadedListener, serveClient } from './work.ts';

/** The relay lists the last hundred commands of a session: with fewer, all acknowledged ones must still be listed. */
const mostCommands = 80;

const clientsOfEach = 3;

export class Load {
  readonly #wire: PatientWire;
  readonly #tally: Tally;
  readonly #alive = new Map<LoadedSession, SlotWork | undefined>();
  readonly #ended: LoadedSession[] = [];
  #places: Promise<void>[] = [];
  #isStopping = false;
  #made = 0;

  constructor(wire: PatientWire, tally: Tally) {
    this.#wire = wire;
    this.#tally = tally;
  }

  start({ sessions, slots }: { sessions: number; slots: number }): void {
    const places = Array.from({ length: sessions + slots }, (_, place) => this.#fill(place < slots));
    this.#places = places;
    // Awaited in stop(): until then an early rejection must not be unhandled.
    for (const place of places) place.catch(() => undefined);
  }

  /** Runs one session after the other. */
  async #fill(isSlot: boolean): Promise<void> {
    while (!this.#isStopping && !this.#wire.isOver) {
      this.#made += 1;
      try {
        const session = await LoadedSession.open(`session-${this.#made}`, this.#wire, this.#tally);
        await (isSlot ? this.#workSlots(session) : this.#work(session));
      } catch (error) {
        if (!(error instanceof Over)) throw error;
      }
    }
  }

  async #work(session: LoadedSession): Promise<void> {
    this.#alive.set(session, undefined);
    const { name } = session;
    const most = 20 + draw(mostCommands - 20, `commands of ${name}`);
    let isServed = false;
    const goesOn = (): boolean => !this.#isStopping && session.intents.length < most;
    const clients = Array.from({ length: clientsOfEach }, (_, nth) =>
      serveClient(session, `${name}-client-${nth}`, goesOn),
    );
    const listener = new LoadedListener(session, draw(2, `mode of ${name}`) === 0 ? 'auto' : 'supervised');
    const served = Promise.all(clients).finally(() => {
      isServed = true;
    });
    await Promise.all([served, listener.serve(() => !isServed)]);
    await session.check((call) => this.#wire.insist(call), true);
    // The last sessions are not ended: they are checked again after the last kill.
    if (this.#isStopping) return;
    await session.end();
    this.#ended.push(session);
    this.#alive.delete(session);
  }

  async #workSlots(session: LoadedSession): Promise<void> {
    const work = new SlotWork(session);
    this.#alive.set(session, work);
    let left = 40;
    await work.serve(session.name, () => !this.#isStopping && (left -= 1) > 0);
    await session.end();
    this.#ended.push(session);
    this.#alive.delete(session);
  }

  /** Called while all clients are paused: checks everything that the relay has acknowledged. */
  async check(): Promise<void> {
    const ask = (call: Call): Promise<Answer> => this.#wire.ask(call);
    const looks = [...this.#alive].map(async ([session, slots]) => {
      await session.check(ask);
      await slots?.check((path) => ask({ method: 'GET', path, key: session.key }));
    });
    await Promise.all([...looks, ...this.#ended.map((session) => session.checkEnd(ask))]);
  }

  /** Lets all sessions finish their current work. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#places);
  }
}
