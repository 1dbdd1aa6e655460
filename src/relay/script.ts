/** A command as it comes in: its text, and whoever it is from. */
import { hash } from 'node:crypto';
import { Refusal } from '../protocol/errors.ts';
import { header } from '../protocol/headers.ts';
import { maxLabelLength } from '../protocol/limits.ts';
import type { Exchange } from './exchange.ts';
import { hideKeys } from '../text/hide-keys.ts';

/** Throws `empty_command`, or `nul_byte`: bash drops NULs, so that what was seen would not be what runs. */
export function checkScript(script: Buffer): void {
  if (script.includes(0)) throw new Refusal('nul_byte');
  if (script.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)))
    throw new Refusal('empty_command');
}

/** What a client says of itself, cut down to one word that needs no quoting anywhere, and that is no key. */
export function readClient(exchange: Exchange): string | null {
  const said = exchange.header(header.client) || exchange.header('user-agent');
  return (
    hideKeys(said)
      .slice(0, maxLabelLength)
      .replaceAll(/[^A-Za-z0-9._@/,+-]/g, '_') || null
  );
}

/** Tells commands apart: the same bytes with other options are another command. */
export function digestScript(script: Buffer, options: object): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${JSON.stringify(options)}\n`), script]));
}
