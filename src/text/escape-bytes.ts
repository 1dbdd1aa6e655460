/** Untrusted bytes for readers that see no screen. */
import { escapeUnsafe } from './escape.ts';
import { decode } from './utf8.ts';

/** Line feeds and tabs stay, all other unsafe characters are spelled out, those of colours too. */
export function escapeBytes(bytes: Uint8Array): string {
  return escapeUnsafe(decode(bytes));
}
