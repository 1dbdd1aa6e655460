/** Progress messages on stderr while a command has not started. */
import { type CommandState, isWaiting } from '../../protocol/command-states.ts';
import { nameListener } from '../../protocol/name-listener.ts';
import type { ListenerView, StatusPayload } from '../../protocol/status-payload.ts';
import type { Context, OpenSession } from '../context.ts';
import { chooseLine } from '../choose-line.ts';
import { startWaiting, type WaitingLine } from '../waiting-line.ts';
import { formatSeconds } from '../../text/durations.ts';

/** A legacy listener reports no name. */
function describeName(listener: ListenerView, before = ''): string {
  return listener.kind === 'runner' ? `${before}${nameListener(listener)}` : 'the legacy listener';
}

function describeWait(state: CommandState, { listener }: StatusPayload): string {
  if (state === 'awaiting_approval')
    return `waiting for approval by the operator at ${listener?.kind === 'runner' ? nameListener(listener) : 'the remote'}`;
  if (listener?.attached !== true) return 'waiting for a listener';
  return `queued: ${describeName(listener)} has another command, which runs or waits for approval`;
}

/** Shows what the command waits for, once it waits longer than a short command takes. */
export class Narrator {
  readonly #context: Context;
  readonly #session: OpenSession;
  #line: WaitingLine | undefined;
  /** Counts the calls of tell and quiet: a message that was begun before the latest call is not shown. */
  #turn = 0;
  #isLineShown: boolean;

  /** `isLineShown`: the line to paste is on stderr already. */
  constructor(context: Context, session: OpenSession, isLineShown: boolean) {
    this.#context = context;
    this.#session = session;
    this.#isLineShown = isLineShown;
  }

  /** The status; undefined without an answer. It only serves messages: the code that follows the command reports an unreachable relay. */
  async #readStatus(): Promise<StatusPayload | undefined> {
    return this.#session.client.readStatus().catch(() => undefined);
  }

  async #showLine({ listener }: StatusPayload): Promise<void> {
    const { printer } = this.#context;
    const quickstart = chooseLine(this.#session.quickstart, listener);
    if (this.#isLineShown || printer.options.quiet) return;
    this.#isLineShown = true;
    const who = listener
      ? `${describeName(listener, 'the listener ')} is disconnected, last seen ${formatSeconds(listener.seen_seconds_ago)} ago`
      : 'no listener has connected yet';
    await printer.note(quickstart === '' ? who : `${who}; paste this line on the remote:`);
    if (quickstart !== '') await printer.showLine(quickstart);
  }

  async tell(state: CommandState): Promise<void> {
    this.quiet();
    const turn = this.#turn;
    if (!isWaiting(state)) return;
    if (this.#context.printer.options.quiet) return;
    const status = await this.#readStatus();
    if (!status || turn !== this.#turn) return;
    if (state === 'queued' && status.listener?.attached !== true) await this.#showLine(status);
    const line = await startWaiting(this.#context, describeWait(state, status), async () => {
      const now = await this.#readStatus();
      return now && describeWait(state, now);
    });
    if (turn === this.#turn) this.#line = line;
    else line.stop();
  }

  quiet(): void {
    this.#turn++;
    this.#line?.stop();
    this.#line = undefined;
  }
}
