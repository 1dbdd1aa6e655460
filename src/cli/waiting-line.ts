/** Shows the progress of a wait: a spinner with the elapsed time on a terminal, else a line immediately and one per minute. */
import { monotonicMs } from '../client/monotonic.ts';
import { canSpin, startSpinner } from '../terminal/spinner.ts';
import type { Context } from './context.ts';
import { formatSeconds } from '../text/durations.ts';
import { formatClock } from './times.ts';
import { escapeText } from '../text/escape.ts';

const minuteMs = 60_000;
const secondMs = 1_000;

/** A spinner refreshes its text this often. */
const askAgainSeconds = 15;

export interface WaitingLine {
  stop(): void;
}

type Surroundings = Pick<Context, 'io' | 'term' | 'json' | 'printer'>;

/** `describe` returns the current text; undefined keeps the last one. `--quiet` suppresses all output. */
export async function startWaiting(
  { io, term, json, printer }: Surroundings,
  first: string,
  describe: () => Promise<string | undefined> = () => Promise.resolve(undefined),
): Promise<WaitingLine> {
  if (printer.options.quiet) return { stop: () => undefined };
  const moves = !json && canSpin(io.stderr, term);
  let text = first;
  // Elapsed time needs the monotonic clock; the time of day is for comparing with other logs.
  let since = monotonicMs();
  let point = new Date();
  let ticks = 0;
  let isOver = false;
  const elapsed = (): string => formatSeconds((monotonicMs() - since) / 1000);
  const spinner = moves ? await startSpinner(io.stderr, escapeText(text), { term, quiet: false }) : undefined;
  if (!spinner) await printer.note(text);
  /** Resolves with true if the text changed. */
  const refresh = async (): Promise<boolean> => {
    const now = await describe();
    if (now === undefined || now === text) return false;
    text = now;
    since = monotonicMs();
    point = new Date();
    return true;
  };
  const tick = async (): Promise<void> => {
    if (!spinner) {
      const isNew = await refresh();
      const words = isNew ? text : `still ${text} (since ${formatClock(point)}, ${elapsed()})`;
      if (!isOver) await printer.note(words);
      return;
    }
    spinner.say(escapeText(`${text} (${elapsed()})`));
    if (++ticks % askAgainSeconds === 0) await refresh();
  };
  const timer = setInterval(() => void tick(), moves ? secondMs : minuteMs);
  return {
    stop: () => {
      isOver = true;
      clearInterval(timer);
      spinner?.stop();
    },
  };
}
