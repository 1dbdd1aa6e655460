/** Checks and reads a pushed command: its script, and the name of its client. */
import { hash } from 'node:crypto';
import { Refusal } from '../protocol/errors.ts';
import { header } from '../protocol/headers.ts';
import { maxLabelLength } from '../protocol/limits.ts';
import type { Exchange } from './exchange.ts';
import { hideKeys } from '../text/hide-keys.ts';

/** Throws `empty_command`, or `nul_byte`: bash drops NULs, so it would run another text than the operator saw. */
export function checkScript(script: Buffer): void {
  if (script.includes(0)) throw new Refusal('nul_byte');
  if (script.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)))
    throw new Refusal('empty_command');
}

/** The client's name for itself, reduced to one word that needs no quoting and contains no key. */
export function readClient(exchange: Exchange): string | null {
  const said = exchange.header(header.client) || exchange.header('user-agent');
  return (
    hideKeys(said)
      .slice(0, maxLabelLength)
      .replaceAll(/[^A-Za-z0-9._@/,+-]/g, '_') || null
  );
}

/** Identifies a command for Idempotency-Keys: the same script with other options is another command. */
export function digestScript(script: Buffer, options: object): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${JSON.stringify(options)}\n`), script]));
}
