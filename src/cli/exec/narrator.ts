/** What a person is told while a command has not started. */
import type { CommandState } from '../../protocol/command-states.ts';
import { escapeText } from '../../terminal/escape.ts';
import { startSpinner, type Spinner } from '../../terminal/spinner.ts';
import { describeListener } from '../await-listener.ts';
import type { Context, OpenSession } from '../context.ts';

/** Says what is waited for, once it takes longer than a short command does. */
export class Narrator {
  readonly #context: Context;
  readonly #session: OpenSession;
  #spinner: Spinner | undefined;
  /** What was begun before the latest word is not said any more. */
  #turn = 0;

  constructor(context: Context, session: OpenSession) {
    this.#context = context;
    this.#session = session;
  }

  async tell(state: CommandState): Promise<void> {
    this.quiet();
    const turn = this.#turn;
    if (state !== 'queued' && state !== 'awaiting_approval') return;
    const { printer, io, term, json } = this.#context;
    const { client, quickstart } = this.#session;
    // Only words: when the relay does not answer, whoever follows the command will say so.
    const status = await client.readStatus().catch(() => undefined);
    if (!status || turn !== this.#turn) return;
    const { listener } = status;
    let text: string;
    if (state === 'awaiting_approval') text = `waiting for approval by ${describeListener(listener)}`;
    else if (listener?.attached === true)
      text = `waiting for its turn: ${listener.user}@${listener.host} is busy`;
    else {
      await printer.note('no listener yet; paste this line on the remote:');
      if (!printer.options.quiet && quickstart !== '') await printer.showLine(quickstart);
      text = 'waiting for a listener';
    }
    const spinner = await startSpinner(io.stderr, escapeText(text), {
      term,
      quiet: printer.options.quiet || json,
    });
    if (turn === this.#turn) this.#spinner = spinner;
    else spinner.stop();
  }

  quiet(): void {
    this.#turn++;
    this.#spinner?.stop();
    this.#spinner = undefined;
  }
}
