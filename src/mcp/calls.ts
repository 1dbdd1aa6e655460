/** Commands that were asked for and whose end was not told yet: the same call joins, and never runs a second time. */
import { isEnded } from '../protocol/command-states.ts';
import type { Snapshot } from './command-source.ts';
import { isGone, type Remote, type Sessions } from './sessions.ts';

export interface Wishes {
  command: string;
  session: string | undefined;
  cwd: string | undefined;
  stdin: string | undefined;
  timeoutSeconds: number;
}

/** One command and everybody who waits for it. */
export interface Call {
  remote: Remote;
  /** As it was last seen. */
  snapshot: Snapshot;
  /** Requests of the host that wait for it now. */
  waiting: number;
  /** The line to paste was in an answer: from then on it is worth waiting. */
  wasShown: boolean;
}

/** At the end of the host there is no time for a relay that does not answer. */
const withdrawWithinMs = 2_000;

export class Calls {
  readonly #sessions: Sessions;
  readonly #render: (wishes: Wishes) => Uint8Array;
  readonly #open = new Map<string, { idempotencyKey: string; pushing: Promise<Call> }>();
  readonly #stopping = new Set<Promise<unknown>>();

  constructor(sessions: Sessions, render: (wishes: Wishes) => Uint8Array) {
    this.#sessions = sessions;
    this.#render = render;
  }

  /** The call that is under way with the same content, or a new one. */
  async join(wishes: Wishes): Promise<Call> {
    const { command, session = '', cwd = null, stdin = null, timeoutSeconds } = wishes;
    const content = JSON.stringify([session, command, cwd, stdin, timeoutSeconds]);
    const known = this.#open.get(content);
    if (known) {
      // After a push whose answer was lost this is the same push again, by the same name.
      known.pushing = known.pushing.catch(() => this.#push(wishes, known.idempotencyKey));
      return this.#orForget(content, known.pushing);
    }
    // Of this process and of this time: another process, or the same words later on, is another command.
    const idempotencyKey = crypto.randomUUID();
    const pushing = this.#push(wishes, idempotencyKey);
    this.#open.set(content, { idempotencyKey, pushing });
    return this.#orForget(content, pushing);
  }

  /** A push that was refused left nothing behind; one that got no answer may have. */
  async #orForget(content: string, pushing: Promise<Call>): Promise<Call> {
    try {
      return await pushing;
    } catch (error) {
      const mayHaveArrived = error instanceof Error && 'isPassing' in error && error.isPassing === true;
      if (!mayHaveArrived) this.#open.delete(content);
      throw error;
    }
  }

  async #push(wishes: Wishes, idempotencyKey: string): Promise<Call> {
    const script = this.#render(wishes);
    const remote = await this.#sessions.findOrMake(wishes.session);
    const { stdin, timeoutSeconds } = wishes;
    const push = async (to: Remote): Promise<Call> => {
      const snapshot = await to.source.push(script, { idempotencyKey, stdin, timeoutSeconds });
      return { remote: to, snapshot, waiting: 0, wasShown: false };
    };
    try {
      return await push(remote);
    } catch (error) {
      if (!isGone(error)) throw error;
      return push(await this.#sessions.replace(wishes.session, remote, 'the session was gone'));
    }
  }

  /** Its end was told, or that of all of its session: the same words are a new command from now on. */
  async settle(remote: Remote, id?: string): Promise<void> {
    for (const [content, { pushing }] of this.#open) {
      const call = await pushing.catch(() => undefined);
      if (call?.remote === remote && (id === undefined || call.snapshot.id === id))
        this.#open.delete(content);
    }
  }

  /** The host lost interest. What somebody else still waits for goes on. */
  abandon(call: Call): void {
    if (call.waiting > 0 || isEnded(call.snapshot.state)) return;
    const stopping = call.remote.source
      .stop(call.snapshot.id, 'TERM')
      .then(() => this.settle(call.remote, call.snapshot.id))
      .catch(() => undefined);
    this.#stopping.add(stopping);
    void stopping.finally(() => this.#stopping.delete(stopping));
  }

  async #withdraw({ pushing }: { pushing: Promise<Call> }): Promise<void> {
    const { remote, snapshot } = await pushing;
    const { state } = await remote.source.look(snapshot.id, undefined, 0);
    if (state === 'queued' || state === 'awaiting_approval') await remote.source.stop(snapshot.id, 'TERM');
  }

  /** The host is gone: nobody would hear of what starts from now on. What runs is left alone. */
  async close(): Promise<void> {
    const withdrawing = [...this.#open.values()].map((entry) => this.#withdraw(entry));
    const enough = new Promise<void>((resolve) => setTimeout(resolve, withdrawWithinMs).unref());
    await Promise.race([enough, Promise.allSettled([...withdrawing, ...this.#stopping])]);
  }
}
