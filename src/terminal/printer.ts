/**
 * The voice. Results to stdout; everything else to stderr as `remotify: …`, lower case, no full stop, no emoji. Error, then hint: what
 * happened with the value, then what to do. Keys are masked in all of it save the one line meant to be pasted.
 */
import { type Io, write } from './io.ts';
import { type ColourWishes, openStyle } from './style.ts';
import { escapeText } from '../text/escape.ts';
import { maskKeys } from '../text/mask-keys.ts';
import { renderSafeJson } from '../text/quote.ts';

export interface PrinterOptions extends ColourWishes {
  quiet: boolean;
}

export interface ReportedFailure {
  code: string;
  message: string;
  hint: string | undefined;
}

/** `{code, message, hint}` for `--json`, in the words of stderr; the hint is null where there is none. */
export function describeFailure({ code, message, hint }: ReportedFailure): object {
  const show = (text: string): string => escapeText(maskKeys(text));
  return { code, message: show(message), hint: hint === undefined ? null : show(hint) };
}

export class Printer {
  readonly io: Io;
  readonly options: PrinterOptions;
  #held: object | undefined;
  #hasPrintedJson = false;

  constructor(io: Io, options: PrinterOptions) {
    this.io = io;
    this.options = options;
  }

  /** A word on the way; `--quiet` silences it. Masked and escaped. */
  async note(text: string): Promise<void> {
    if (!this.options.quiet) await write(this.io.stderr, `remotify: ${escapeText(maskKeys(text))}\n`);
  }

  /** The line to paste: the one place where a key is shown. */
  async showLine(line: string): Promise<void> {
    await write(this.io.stderr, `${escapeText(line)}\n`);
  }

  async error(message: string, hint?: string): Promise<void> {
    const style = await openStyle(this.io.stderr, this.options);
    const lines = [`remotify: ${style.error('error:')} ${escapeText(maskKeys(message))}`];
    if (hint !== undefined) lines.push(`remotify: ${style.strong('hint:')} ${escapeText(maskKeys(hint))}`);
    await write(this.io.stderr, `${lines.join('\n')}\n`);
  }

  /** A result. */
  async print(text: string): Promise<void> {
    await write(this.io.stdout, text === '' || text.endsWith('\n') ? text : `${text}\n`);
  }

  async printJson(value: unknown, indent = 2): Promise<void> {
    this.#hasPrintedJson = true;
    await write(this.io.stdout, `${renderSafeJson(value, indent)}\n`);
  }

  /** The result of a run that may still fail: endJson() prints it, with the failure in it. */
  holdJson(report: object): void {
    this.#held = report;
  }

  /** The end of a run with `--json`: the object that was held, or one for the failure where no other was printed. */
  async endJson(failure?: ReportedFailure, indent = 2): Promise<void> {
    const error = failure && describeFailure(failure);
    const report = this.#held;
    this.#held = undefined;
    if (report) await this.printJson(error ? { ...report, error } : report, indent);
    else if (error && !this.#hasPrintedJson) await this.printJson({ error }, indent);
  }
}
