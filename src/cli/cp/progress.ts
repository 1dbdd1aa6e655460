/** Shows the progress of a transfer on stderr: a bar on a terminal, else a line each minute. Drawn with ora, already a dependency. */
import { monotonicMs } from '../../client/monotonic.ts';
import { startSpinner, type Spinner } from '../../terminal/spinner.ts';
import type { Context } from '../context.ts';
import { formatSeconds } from '../../text/durations.ts';
import { escapeText } from '../../text/escape.ts';
import { formatSize } from '../../text/sizes.ts';

const redrawMs = 200;
const lineMs = 60_000;

/** Columns for the spinner, the blank beside it, and a blank at the end of the row. */
const markColumns = 3;

/** The rate is measured over about this time. */
const windowMs = 5_000;

export class Progress {
  readonly #context: Context;
  readonly #title: string;
  /** 0 while unknown. */
  total: number;
  #bytes = 0;
  #samples: { at: number; bytes: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #spinner: Spinner | undefined;
  #isStopped = true;
  #startedAt = 0;
  #activeMs = 0;

  constructor(context: Context, title: string, total: number) {
    this.#context = context;
    this.#title = title;
    this.total = total;
  }

  #rate(): number {
    const last = this.#samples.at(-1);
    const first = this.#samples[0];
    if (!first || !last || last.at === first.at) return 0;
    return (last.bytes - first.bytes) / ((last.at - first.at) / 1000);
  }

  /** The most detailed text that fits into `columns`. */
  render(columns = Number.POSITIVE_INFINITY): string {
    const rate = this.#rate();
    const speed = rate > 0 ? `, ${formatSize(rate)}/s` : '';
    const sofar = formatSize(this.#bytes);
    const title = this.#title;
    const texts = [`${title} ${sofar}${speed}`, `${title} ${sofar}`, sofar];
    if (this.total > 0) {
      const share = Math.min(1, this.#bytes / this.total);
      const draw = (width: number): string => {
        const filled = Math.round(share * width);
        return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}]`;
      };
      const percent = `${Math.floor(share * 100)} %`;
      const seconds = Math.max(0, this.total - this.#bytes) / rate;
      const left = rate > 0 ? `, ${formatSeconds(seconds)} left` : '';
      texts.unshift(
        `${title} ${draw(24)} ${percent}, ${sofar} of ${formatSize(this.total)}${speed}${left}`,
        `${title} ${draw(12)} ${percent}, ${sofar} of ${formatSize(this.total)}${speed}${left}`,
        `${title} ${draw(12)} ${percent}${speed}${left}`,
        `${title} ${percent}${left}`,
        percent,
      );
    }
    return texts.find((text) => text.length < columns - markColumns) ?? '';
  }

  #sample(): void {
    const now = monotonicMs();
    this.#samples.push({ at: now, bytes: this.#bytes });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > windowMs) this.#samples.shift();
  }

  /** Starts the display. With --quiet or --json nothing is shown. */
  async start(bytes: number): Promise<void> {
    if (!this.#isStopped) return;
    const { printer, io, term, json } = this.#context;
    this.#isStopped = false;
    this.#startedAt = monotonicMs();
    this.#bytes = bytes;
    this.#samples = [];
    this.#sample();
    if (printer.options.quiet || json) return;
    const moves = io.stderr.isTTY === true && (io.stderr.columns ?? 0) > 0 && term !== 'dumb';
    if (!moves) {
      this.#timer = setInterval(() => {
        this.#sample();
        void printer.note(this.render());
      }, lineMs);
      this.#timer.unref();
      return;
    }
    const draw = (): string => escapeText(this.render(io.stderr.columns));
    const spinner = await startSpinner(io.stderr, draw(), { term, quiet: false });
    if (this.#isStopped) return spinner.stop();
    this.#spinner = spinner;
    this.#timer = setInterval(() => {
      this.#sample();
      spinner.say(draw());
    }, redrawMs);
    this.#timer.unref();
  }

  at(bytes: number): void {
    this.#bytes = bytes;
  }

  /** The sum of the seconds from each start to its stop: without the time that a command waited to start. */
  get seconds(): number {
    return this.#activeMs / 1000;
  }

  stop(): void {
    if (!this.#isStopped) this.#activeMs += monotonicMs() - this.#startedAt;
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#spinner?.stop();
    this.#spinner = undefined;
  }
}
