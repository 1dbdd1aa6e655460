/**
 * The voice. Results to stdout; everything else to stderr as `remotify: …`, lower case, no full stop, no emoji. Error, then hint: what
 * happened with the value, then what to do. Keys are masked in all of it save the one line meant to be pasted.
 */
import { escapeText } from './escape.ts';
import { type Io, write } from './io.ts';
import { type ColourWishes, openStyle } from './style.ts';

export interface PrinterOptions extends ColourWishes {
  quiet: boolean;
}

/** Anything that looks like a key, cut to what tells two of them apart. */
export function maskKeys(text: string): string {
  return text.replaceAll(/([0-9a-fA-F]{4})[0-9a-fA-F]{20,}/g, '$1…');
}

export class Printer {
  readonly io: Io;
  readonly options: PrinterOptions;

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

  async printJson(value: unknown): Promise<void> {
    await write(this.io.stdout, `${JSON.stringify(value, null, 2)}\n`);
  }
}
