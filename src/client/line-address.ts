/** Compares the address in the line to paste, which the relay chose, with the one that this client used. */
import { keyDigits } from '../protocol/keys.ts';

const addressPattern = new RegExp(`https?://[^\\s'"]{1,2000}?(?=/r/${keyDigits})`, 'i');

/** The base URL in the line; undefined if the line contains no script URL. */
export function readLineAddress(quickstart: string): string | undefined {
  const text = addressPattern.exec(quickstart)?.[0];
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { origin, pathname } = new URL(text);
  return (origin + pathname).replace(/\/+$/, '');
}

/** Whether the line, which contains the key, would use http although this client used https. */
export function isWeakerLine(quickstart: string, usedUrl: string): boolean {
  return /^https:/i.test(usedUrl) && readLineAddress(quickstart)?.startsWith('http:') === true;
}
