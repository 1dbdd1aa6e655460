/** Exit statuses and notes inside the text of the result slot, for legacy clients and listeners that exchange text only. */

import { quoteForShell } from './quote-for-shell.ts';

/** The tag, if there is one, identifies the command. */
const markerPattern = /\n?\[remotify: exit status (\d{1,3})(?: of ([0-9a-f]{1,32}))?\]\n?$/;

export const declinedText = '[declined by operator]';

/** The beginning of every note that the relay sends instead of, or before, a result. */
export const notePrefix = '[remotify: ';

/** The line that marks a failed command in its text; empty for status 0 or an unknown status. */
export function renderMarker(exitStatus: number | null, endsWithNewline: boolean): string {
  if (exitStatus === null || exitStatus === 0) return '';
  return `${endsWithNewline ? '' : '\n'}[remotify: exit status ${exitStatus}]\n`;
}

/**
 * Wraps a script so that it prints its exit status, which a legacy listener does not report. Status 0 is printed too,
 * so that the last line is never the command's own. The script runs in its own shell, so that exec, traps and syntax
 * errors do not affect the wrapper; stderr goes into stdout, since the slot has one stream. The tag, hex digits,
 * distinguishes the result from those of other commands.
 */
export function wrapForSlot(script: Uint8Array, tag = ''): Buffer {
  // latin1 maps each byte to one character and back, so no byte changes.
  const quoted = quoteForShell(Buffer.from(script).toString('latin1'));
  return Buffer.from(
    `{ bash -c ${quoted} 2>&1; } 2>/dev/null; printf '\\n[remotify: exit status %s${tag === '' ? '' : ` of ${tag}`}]\\n' "$?"`,
    'latin1',
  );
}

export interface SlotResult {
  output: Buffer;
  /** Null if the text has no marker: it was truncated, or the wrapper was killed. */
  exitStatus: number | null;
  /** The tag of the command; empty if the text has none. */
  tag: string;
  declined: boolean;
  /** The note that the relay sent instead of a result, without its brackets. */
  note?: string;
}

/** Parses the text of the result slot. Only for relays without the commands resource: a command can print a marker too. */
export function parseSlotText(body: Buffer): SlotResult {
  const tail = body.subarray(Math.max(0, body.length - 64)).toString('latin1');
  const match = markerPattern.exec(tail);
  if (match) {
    const exitStatus = Number(match[1]);
    const output = body.subarray(0, body.length - match[0].length);
    if (exitStatus <= 255) return { output, exitStatus, tag: match[2] ?? '', declined: false };
  }
  const text = body.toString('utf8');
  if (text.startsWith(declinedText)) {
    return {
      output: Buffer.alloc(0),
      exitStatus: 126,
      tag: '',
      declined: true,
      note: text.slice(declinedText.length).trim(),
    };
  }
  if (text.startsWith(notePrefix)) {
    return {
      output: body,
      exitStatus: 255,
      tag: '',
      declined: false,
      note: text.slice(1).trim().replace(/\]$/, ''),
    };
  }
  return { output: body, exitStatus: null, tag: '', declined: false };
}
