/** Where the line to paste points, which the relay says, beside the address that this client used. */
import { keyDigits } from '../protocol/keys.ts';

const addressPattern = new RegExp(`https?://[^\\s'"]{1,2000}?(?=/r/${keyDigits})`, 'i');

/** The base URL in the line; undefined where the line holds no address of a script. */
export function readLineAddress(quickstart: string): string | undefined {
  const text = addressPattern.exec(quickstart)?.[0];
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { origin, pathname } = new URL(text);
  return (origin + pathname).replace(/\/+$/, '');
}

/** Whether the line would send unencrypted what this client sent encrypted: the key is in it. */
export function isWeakerLine(quickstart: string, usedUrl: string): boolean {
  return /^https:/i.test(usedUrl) && readLineAddress(quickstart)?.startsWith('http:') === true;
}
