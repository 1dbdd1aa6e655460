/** How far a transfer is, on stderr: a bar on a terminal, else a line each minute. ora draws it, which is there already. */
import { escapeText } from '../../terminal/escape.ts';
import { startSpinner, type Spinner } from '../../terminal/spinner.ts';
import type { Context } from '../context.ts';
import { formatSeconds } from '../format.ts';
import { formatSize } from './sizes.ts';

const redrawMs = 200;
const lineMs = 60_000;
const barWidth = 24;

/** The rate is that of about so long a time. */
const windowMs = 5_000;

export class Progress {
  readonly #context: Context;
  readonly #title: string;
  /** 0 while it is not known. */
  total: number;
  #bytes = 0;
  #samples: { at: number; bytes: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #spinner: Spinner | undefined;
  #isStopped = true;

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

  render(): string {
    const rate = this.#rate();
    const speed = rate > 0 ? `, ${formatSize(rate)}/s` : '';
    if (this.total <= 0) return `${this.#title} ${formatSize(this.#bytes)}${speed}`;
    const share = Math.min(1, this.#bytes / this.total);
    const filled = Math.round(share * barWidth);
    const bar = `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`;
    const left = rate > 0 ? `, ${formatSeconds(Math.max(0, this.total - this.#bytes) / rate)} left` : '';
    const sizes = `${formatSize(this.#bytes)} of ${formatSize(this.total)}`;
    return `${this.#title} ${bar} ${Math.floor(share * 100)}%, ${sizes}${speed}${left}`;
  }

  #sample(): void {
    const now = performance.now();
    this.#samples.push({ at: now, bytes: this.#bytes });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > windowMs) this.#samples.shift();
  }

  /** Begins to show it. Nothing with --quiet and --json. */
  async start(bytes: number): Promise<void> {
    if (!this.#isStopped) return;
    const { printer, io, term, json } = this.#context;
    this.#isStopped = false;
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
    const spinner = await startSpinner(io.stderr, escapeText(this.render()), { term, quiet: false });
    if (this.#isStopped) return spinner.stop();
    this.#spinner = spinner;
    this.#timer = setInterval(() => {
      this.#sample();
      spinner.say(escapeText(this.render()));
    }, redrawMs);
    this.#timer.unref();
  }

  at(bytes: number): void {
    this.#bytes = bytes;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#spinner?.stop();
    this.#spinner = undefined;
  }
}
