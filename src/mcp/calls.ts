/** Running tool calls by their arguments: an identical call joins the running command, which never runs twice. */
import { isEnded, isWaiting } from '../protocol/command-states.ts';
import type { Snapshot } from './command-source.ts';
import { isGone, type Remote, type Sessions } from './sessions.ts';

export interface CallRequest {
  /** The tool that was called. The answer names it when it tells the model to repeat the call. */
  tool: string;
  /** The script that the remote runs. */
  script: string;
  session: string | undefined;
  stdin: string | undefined;
  timeoutSeconds: number;
}

/** One command, and how many requests wait for it. */
export interface Call {
  tool: string;
  remote: Remote;
  /** Last known state of the command. */
  snapshot: Snapshot;
  /** When this process first saw the command in this state, by performance.now(). */
  sinceMs: number;
  /** Number of host requests that wait for the command now. */
  waiting: number;
  /** An answer contained the line to paste: later calls wait for a listener instead of answering at once. */
  wasShown: boolean;
  /** No listener was connected at the last check. Only valid while the command is queued. */
  lacksListener: boolean;
}

/** Time limit for cancelling queued commands at shutdown, in case the relay does not answer. */
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
      // If the response to the push was lost, repeat the push with the same idempotency key.
      known.pushing = known.pushing.catch(() => this.#push(request, known.idempotencyKey));
      return this.#orForget(content, known.pushing);
    }
    // Random: the same text from another process, or from this one later, is a different command.
    const idempotencyKey = crypto.randomUUID();
    const pushing = this.#push(request, idempotencyKey);
    this.#open.set(content, { idempotencyKey, pushing });
    return this.#orForget(content, pushing);
  }

  /** A refused push created no command, so forget it. A push without a response may have created one, so keep its key. */
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

  /** An answer reported that this command, or all commands of the session, ended: from now on the same call is a new command. */
  async forget(remote: Remote, id?: string): Promise<void> {
    for (const [content, { pushing }] of this.#open) {
      const call = await pushing.catch(() => undefined);
      if (call?.remote === remote && (id === undefined || call.snapshot.id === id))
        this.#open.delete(content);
    }
  }

  /**
   * Stops the command of a request that the host cancelled. The command continues if another request waits for it, or if the request
   * was aborted because the host disconnected: close() handles that case.
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

  /** The host disconnected: cancels commands that have not started; running ones continue. Every call returns the same promise. */
  close(): Promise<void> {
    return (this.#closing ??= this.#withdrawAll());
  }

  async #withdrawAll(): Promise<void> {
    const withdrawing = [...this.#open.values()].map((entry) => this.#withdraw(entry));
    const enough = new Promise<void>((resolve) => setTimeout(resolve, withdrawWithinMs).unref());
    await Promise.race([enough, Promise.allSettled([...withdrawing, ...this.#stopping])]);
  }
}
