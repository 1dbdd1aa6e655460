/** Running tool calls by their arguments: an identical call joins the running command, which never runs twice. */
import { isEnded, isWaiting } from '../protocol/command-states.ts';
import type { Snapshot } from './command-source.ts';
import { isGone, type Remote, type Sessions } from './sessions.ts';

export interface CallRequest {
  /** The tool that was called: an answer names it where it asks for the same call again. */
  tool: string;
  /** What the remote runs. */
  script: string;
  session: string | undefined;
  stdin: string | undefined;
  timeoutSeconds: number;
}

/** One command and the requests that wait for it. */
export interface Call {
  tool: string;
  remote: Remote;
  /** As it was last seen. */
  snapshot: Snapshot;
  /** When this process first saw it in this state, by performance.now(). */
  sinceMs: number;
  /** Requests of the host that wait for it now. */
  waiting: number;
  /** The line to paste was in an answer: from then on it is worth waiting. */
  wasShown: boolean;
  /** As it was last seen, while the command is queued. */
  lacksListener: boolean;
}

/** At the end of the host there is no time for a relay that does not answer. */
const withdrawWithinMs = 2_000;

export class Calls {
  readonly #sessions: Sessions;
  readonly #open = new Map<string, { idempotencyKey: string; pushing: Promise<Call> }>();
  readonly #stopping = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** The running call with the same content, or a new one. */
  async join(request: CallRequest): Promise<Call> {
    const { tool, script, session = '', stdin = null, timeoutSeconds } = request;
    const content = JSON.stringify([tool, session, script, stdin, timeoutSeconds]);
    const known = this.#open.get(content);
    if (known) {
      // After a push whose answer was lost this is the same push again, by the same name.
      known.pushing = known.pushing.catch(() => this.#push(request, known.idempotencyKey));
      return this.#orForget(content, known.pushing);
    }
    // Of this process and of this time: another process, or the same text later on, is another command.
    const idempotencyKey = crypto.randomUUID();
    const pushing = this.#push(request, idempotencyKey);
    this.#open.set(content, { idempotencyKey, pushing });
    return this.#orForget(content, pushing);
  }

  /** A push that was refused left nothing behind; one that got no answer may have. */
  async #orForget(content: string, pushing: Promise<Call>): Promise<Call> {
    try {
      return await pushing;
    } catch (error) {
      const mayHaveArrived = error instanceof Error && 'isRetryable' in error && error.isRetryable === true;
      if (!mayHaveArrived) this.#open.delete(content);
      throw error;
    }
  }

  async #push(request: CallRequest, idempotencyKey: string): Promise<Call> {
    const { tool, stdin, timeoutSeconds } = request;
    const script = Buffer.from(request.script);
    const remote = await this.#sessions.findOrMake(request.session);
    const push = async (to: Remote): Promise<Call> => {
      const snapshot = await to.source.push(script, { idempotencyKey, stdin, timeoutSeconds });
      const sinceMs = performance.now();
      return { tool, remote: to, snapshot, sinceMs, waiting: 0, wasShown: false, lacksListener: false };
    };
    try {
      return await push(remote);
    } catch (error) {
      if (!isGone(error)) throw error;
      return push(await this.#sessions.replace(request.session, remote, 'the session was gone'));
    }
  }

  /** The end of a command, or of all commands of its session, was in an answer: the same call is a new command from now on. */
  async forget(remote: Remote, id?: string): Promise<void> {
    for (const [content, { pushing }] of this.#open) {
      const call = await pushing.catch(() => undefined);
      if (call?.remote === remote && (id === undefined || call.snapshot.id === id))
        this.#open.delete(content);
    }
  }

  /**
   * Stops the command of a request that the host cancelled. A command that another request waits for goes on, and so does one whose request
   * ended because the host did: close() decides on that.
   */
  abandon(call: Call): void {
    if (this.#closing || call.waiting > 0 || isEnded(call.snapshot.state)) return;
    const stopping = call.remote.source
      .stop(call.snapshot.id, 'TERM')
      .then(() => this.forget(call.remote, call.snapshot.id))
      .catch(() => undefined);
    this.#stopping.add(stopping);
    void stopping.finally(() => this.#stopping.delete(stopping));
  }

  async #withdraw({ pushing }: { pushing: Promise<Call> }): Promise<void> {
    const { remote, snapshot } = await pushing;
    const { state } = await remote.source.look(snapshot.id, undefined, 0);
    if (isWaiting(state)) await remote.source.stop(snapshot.id, 'TERM');
  }

  /** The host has ended: commands that have not started are withdrawn, running ones go on. The same promise for every call. */
  close(): Promise<void> {
    return (this.#closing ??= this.#withdrawAll());
  }

  async #withdrawAll(): Promise<void> {
    const withdrawing = [...this.#open.values()].map((entry) => this.#withdraw(entry));
    const enough = new Promise<void>((resolve) => setTimeout(resolve, withdrawWithinMs).unref());
    await Promise.race([enough, Promise.allSettled([...withdrawing, ...this.#stopping])]);
  }
}
