/** The log of `serve` on stderr: text, or one JSON object per line from the first line to the last. */
import { openLineSink } from '../terminal/line-sink.ts';
import type { Context } from './context.ts';
import type { Failure } from './failure.ts';
import { escapeText } from '../text/escape.ts';
import { maskKeys } from '../text/mask-keys.ts';

export interface ServeLog {
  /** A progress message of remotify; `--quiet` suppresses it. */
  readonly say: (text: string) => void;
  /** A line of the audit or access log; `--quiet` does not suppress it. */
  readonly record: (line: string, parts: Record<string, unknown>) => void;
  /** Logs the failure that ends the relay; false if the caller has to print it. */
  readonly fail: (failure: Failure) => boolean;
  /** Flushes the log. Nothing may be logged afterwards. */
  readonly end: () => Promise<void>;
}

const renderDropped = (count: number): string =>
  `${count} ${count === 1 ? 'line was' : 'lines were'} dropped here: the reader was too slow`;

function openTextLog({ io, options }: Context): ServeLog {
  const render = (line: string): string => `remotify: ${line}\n`;
  const sink = openLineSink(io.stderr, (count) => render(renderDropped(count)));
  return {
    say: (text) => {
      if (options.quiet !== true) sink.write(render(escapeText(maskKeys(text))));
    },
    record: (line) => sink.write(render(line)),
    fail: () => false,
    end: sink.end,
  };
}

async function openJsonLog({ io, options }: Context): Promise<ServeLog> {
  const { createJsonLines } = await import('../relay/json-lines.ts');
  let writeDropped = (_count: number): string => '';
  const sink = openLineSink(io.stderr, (count) => writeDropped(count));
  const writeJson = createJsonLines(sink.write);
  writeDropped = (count) => {
    let line = '';
    createJsonLines((rendered) => {
      line = rendered;
    })(renderDropped(count), { kind: 'dropped', count });
    return line;
  };
  return {
    say: (text) => {
      if (options.quiet !== true) writeJson(maskKeys(text));
    },
    // `parts` holds all that the text line holds.
    record: (_line, parts) => writeJson(undefined, parts),
    fail: ({ message, hint }) => {
      writeJson(maskKeys(message), { ...(hint !== undefined && { hint: maskKeys(hint) }) }, 'error');
      return true;
    },
    end: sink.end,
  };
}

export async function openServeLog(context: Context, form: 'text' | 'json' | undefined): Promise<ServeLog> {
  return form === 'json' ? openJsonLog(context) : openTextLog(context);
}
