/** What the result slot shows in band, for readers that have nothing but text. */

import { quoteForShell } from './quote-for-shell.ts';

/** The tag, where there is one, says whose result it is. */
const markerPattern = /\n?\[remotify: exit status (\d{1,3})(?: of ([0-9a-f]{1,32}))?\]\n?$/;

export const declinedText = '[declined by operator]';

/** Starts every note that stands in place of a result. */
export const notePrefix = '[remotify: ';

/** The line that shows a failed command in its text; nothing for status 0 or an unknown one. */
export function renderMarker(exitStatus: number | null, endsWithNewline: boolean): string {
  if (exitStatus === null || exitStatus === 0) return '';
  return `${endsWithNewline ? '' : '\n'}[remotify: exit status ${exitStatus}]\n`;
}

/**
 * A legacy listener reports no exit status: a command that is handed to one is made to print it, also when it is 0: the last line is then never
 * the command's own.
 * It gets a shell of its own, so that exec, traps and syntax errors stay its affair; stderr joins in, for there is one stream. By the
 * tag, hex digits, its result is told from that of another one.
 */
export function wrapForSlot(script: Uint8Array, tag = ''): Buffer {
  // Byte for byte: latin1 maps each byte to one character and back.
  const quoted = quoteForShell(Buffer.from(script).toString('latin1'));
  return Buffer.from(
    `{ bash -c ${quoted} 2>&1; } 2>/dev/null; printf '\\n[remotify: exit status %s${tag === '' ? '' : ` of ${tag}`}]\\n' "$?"`,
    'latin1',
  );
}

export interface SlotResult {
  output: Buffer;
  /** Null where the text does not tell: it was cut, or its end was killed. */
  exitStatus: number | null;
  /** Of the command whose result this is; empty where the text does not tell. */
  tag: string;
  declined: boolean;
  /** The note that stands where a result should be, without its brackets. */
  note?: string;
}

/** Takes a slot's text apart. The marker is in band: only for relays that have nothing better. */
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
