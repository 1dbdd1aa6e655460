/**
 * Prints results to stdout, and messages to stderr as `remotify: …`: lower case, no full stop, no emoji. An error says what happened, with
 * the value; its hint says what to do. Masks keys everywhere except in the line to paste.
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

/** `{code, message, hint}` for `--json`, with the same text as on stderr; the hint is null if there is none. */
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

  /** A progress message, masked and escaped; `--quiet` suppresses it. */
  async note(text: string): Promise<void> {
    if (!this.options.quiet) await write(this.io.stderr, `remotify: ${escapeText(maskKeys(text))}\n`);
  }

  /** Prints the line to paste, with its key: the only place that shows a key. */
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

  /** Holds the result of a run that may still fail: endJson() prints it, together with the failure. */
  holdJson(report: object): void {
    this.#held = report;
  }

  /** Ends a run with `--json`: prints the held object, or an object with the failure if no other was printed. */
  async endJson(failure?: ReportedFailure, indent = 2): Promise<void> {
    const error = failure && describeFailure(failure);
    const report = this.#held;
    this.#held = undefined;
    if (report) await this.printJson(error ? { ...report, error } : report, indent);
    else if (error && !this.#hasPrintedJson) await this.printJson({ error }, indent);
  }
}
