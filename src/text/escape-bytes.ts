/** Escapes untrusted bytes for readers other than a terminal. */
import { escapeUnsafe } from './escape.ts';
import { decode } from './utf8.ts';

/** Keeps line feeds and tabs, escapes all other unsafe characters, also those of colour sequences. */
export function escapeBytes(bytes: Uint8Array): string {
  return escapeUnsafe(decode(bytes));
}
