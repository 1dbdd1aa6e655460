/** Shows that the program waits: an animated spinner on a terminal, else one line of text. */
import { type OutputStream, write } from './io.ts';

export interface Spinner {
  say(text: string): void;
  stop(): void;
}

const still: Spinner = { say: () => undefined, stop: () => undefined };

/** On a terminal with 0 columns (`script`, some CI) ora would loop forever. */
export function canSpin(stream: OutputStream, term: string | undefined): boolean {
  return stream.isTTY === true && (stream.columns ?? 0) > 0 && term !== 'dumb';
}

export async function startSpinner(
  stream: OutputStream,
  text: string,
  { term, quiet }: { term: string | undefined; quiet: boolean },
): Promise<Spinner> {
  if (quiet) return still;
  if (!canSpin(stream, term)) {
    await write(stream, `remotify: ${text}\n`);
    return still;
  }
  const { default: ora } = await import('ora');
  // Do not read stdin: it may be the input of the remote command.
  const spinner = ora({
    text,
    stream: stream as NodeJS.WriteStream,
    discardStdin: false,
    color: false,
  }).start();
  return {
    say: (next) => {
      spinner.text = next;
    },
    stop: () => {
      spinner.stop();
    },
  };
}
