/** Strict parsers for durations and counts that users type. Each throws a ConfigError that names the value. */
import { ConfigError } from './config-error.ts';
import { quote } from '../text/quote.ts';

export const secondsPer = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `30s`, `5m`, `2h`; a number without a unit is seconds. Returns seconds. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text.trim());
  if (!match) throw new ConfigError(`not a duration: ${quote(text)}`, 'write it as 30s, 5m or 2h');
  return Number(match[1]) * secondsPer[(match[2] ?? 's') as keyof typeof secondsPer];
}

/** A whole number in decimal. */
export function parseCount(text: string, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): number {
  const number = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (Number.isNaN(number) || number < min || number > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    throw new ConfigError(
      `not a whole number ${range}: ${quote(text)}`,
      'write a number in this range, digits only',
    );
  }
  return number;
}
