/** Colours text; no meaning depends on colour alone. Decides per stream, because chalk ignores NO_COLOR and reads argv. */
import type { OutputStream } from './io.ts';

export interface ColourWishes {
  /** `--no-color`. */
  noColor: boolean;
  /** The environment, with NO_COLOR, FORCE_COLOR and TERM. */
  variables: Readonly<Record<string, string | undefined>>;
}

export function wantsColour(stream: OutputStream, { noColor, variables }: ColourWishes): boolean {
  if (noColor) return false;
  const forced = variables['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  if ((variables['NO_COLOR'] ?? '') !== '' || variables['TERM'] === 'dumb') return false;
  return stream.isTTY === true;
}

export interface Style {
  error(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  faint(text: string): string;
  strong(text: string): string;
}

const plain: Style = {
  error: (text) => text,
  good: (text) => text,
  warn: (text) => text,
  faint: (text) => text,
  strong: (text) => text,
};

/** Loads chalk only if the stream is coloured. */
export async function openStyle(stream: OutputStream, wishes: ColourWishes): Promise<Style> {
  if (!wantsColour(stream, wishes)) return plain;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return {
    error: (text) => chalk.red(text),
    good: (text) => chalk.green(text),
    warn: (text) => chalk.yellow(text),
    faint: (text) => chalk.dim(text),
    strong: (text) => chalk.bold(text),
  };
}
