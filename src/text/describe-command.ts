/** A command of the session in the words of `status` and `history`. All text of others is escaped. */
import type { Signal } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { maxLabelLength } from '../protocol/limits.ts';
import { cutChars } from './cut-text.ts';
import { describeMissing, findMissing } from './describe-missing.ts';
import { escapeText } from './escape.ts';

/** A relay keeps the beginning of a long text, cuts keys out of it, and replaces bytes that are not UTF-8: such a text is not the command. */
export function isWholeText<T extends string | null | undefined>(view: {
  text: T;
  script_bytes: number;
}): view is { text: T & string; script_bytes: number } {
  const { text, script_bytes: bytes } = view;
  return (
    typeof text === 'string' && new TextEncoder().encode(text).length === bytes && !text.includes('\ufffd')
  );
}

/** The first line of a command, with … where there is more; empty where the relay does not tell the text. */
export function describeText(command: CommandView): string {
  const { text } = command;
  if (text === null) return '';
  const [first = '', ...rest] = text.trim().split('\n');
  const isCut = rest.length > 0 || !isWholeText(command);
  return escapeText(first.trimEnd()) + (isCut ? ' …' : '');
}

/** `ann@desk`: who pushed it, as the client says; the version of the client is left out. */
export function describePusher({
  pushed_by: by,
  origin,
}: Partial<Pick<CommandView, 'pushed_by' | 'origin'>>): string {
  if (by === null || by === undefined) return origin === 'slot' ? 'slot' : '';
  return escapeText(cutChars(by.replace(/,remotify\/[\w.+-]{1,40}$/, ''), maxLabelLength));
}

/** Of a command that runs, after a client asked for a signal. */
export function describeStopping(signal: Signal): string {
  return `stopping (SIG${signal} sent)`;
}

/** `exit status 3 (KILL)`, the reason of a command that did not end by itself, and what is missing of its output. */
export function describeOutcome(command: CommandView): string {
  const { exit_status: exitStatus, signal, reason } = command;
  const status =
    exitStatus === null
      ? ''
      : `exit status ${exitStatus}${signal === null ? '' : ` (${escapeText(signal)})`}`;
  const missing = findMissing(command);
  return [status, reason === null ? '' : escapeText(reason), missing ? describeMissing(missing) : '']
    .filter((part) => part !== '')
    .join('; ');
}
