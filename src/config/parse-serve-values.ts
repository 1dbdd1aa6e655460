/** Strict parsers for options of `serve`, which other commands do not load. Each throws a ConfigError that names the value. */
import { ConfigError } from './config-error.ts';
import { secondsPer } from './parse-values.ts';
import { quote } from '../text/quote.ts';

const bytesPer = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

/** `25m`, as in nginx: k, m, g are powers of 1024. 0 is no limit. Returns bytes. */
export function parseSize(text: string): number {
  const match = /^(\d{1,12})([kmg]?)b?$/i.exec(text.trim());
  if (!match) throw new ConfigError(`not a size: ${quote(text)}`, 'write it as 64k, 25m or 1g');
  return Number(match[1]) * bytesPer[(match[2] ?? '').toLowerCase() as keyof typeof bytesPer];
}

/** `10r/m`, as in nginx; 0 or off is no limit. */
export function parseRate(text: string): { count: number; perSeconds: number } | null {
  if (text === '0' || text === 'off') return null;
  const match = /^(\d{1,6})r\/([smh])$/.exec(text.trim());
  const count = Number(match?.[1] ?? 0);
  if (!match || count === 0)
    throw new ConfigError(`not a rate: ${quote(text)}`, 'write it as 10r/m, or off for no limit');
  return { count, perSeconds: secondsPer[match[2] as 's' | 'm' | 'h'] };
}

/** `1 true yes on`, `0 false no off`. */
export function parseSwitch(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new ConfigError(`neither on nor off: ${quote(text)}`, 'write 1 or 0');
}

/** One of a few words. */
export function parseWord<T extends string>(text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text.trim());
  if (found === undefined) throw new ConfigError(`unknown: ${quote(text)}`, `write ${words.join(' or ')}`);
  return found;
}

/** `events` logs session events; `text` also logs the text of commands. */
export type AuditLevel = 'off' | 'events' | 'text';

/** `text`, or a switch: on is `events`. */
export function parseAuditLevel(text: string): AuditLevel {
  if (text === 'text') return 'text';
  return parseSwitch(text) ? 'events' : 'off';
}
