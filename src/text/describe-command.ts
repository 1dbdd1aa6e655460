/** Describes a command for `status` and `history`. Escapes all untrusted text. */
import type { Signal } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { maxLabelLength } from '../protocol/limits.ts';
import { cutChars } from './cut-text.ts';
import { findMissing } from './describe-missing.ts';
import { escapeText } from './escape.ts';

/**
 * Whether the text is the complete command. A relay stores only the beginning of a long text, shortens keys in it, and replaces bytes that
 * are not UTF-8.
 */
export function isWholeText<T extends string | null | undefined>(view: {
  text: T;
  script_bytes: number;
}): view is { text: T & string; script_bytes: number } {
  const { text, script_bytes: bytes } = view;
  return (
    typeof text === 'string' && new TextEncoder().encode(text).length === bytes && !text.includes('\ufffd')
  );
}

/** The first line of a command, with … if there is more; empty if the relay does not send the text. */
export function describeText(command: CommandView): string {
  const { text } = command;
  if (text === null) return '';
  const [first = '', ...rest] = text.trim().split('\n');
  const isCut = rest.length > 0 || !isWholeText(command);
  return escapeText(first.trimEnd()) + (isCut ? ' …' : '');
}

/** `ann@desk`: the name that the pushing client sent, without the client's version. */
export function describePusher({
  pushed_by: by,
  origin,
}: Partial<Pick<CommandView, 'pushed_by' | 'origin'>>): string {
  if (by === null || by === undefined) return origin === 'slot' ? 'slot' : '';
  return escapeText(cutChars(by.replace(/,remotify\/[\w.+-]{1,40}$/, ''), maxLabelLength));
}

/** For a running command, after a client requested a signal. A command may survive INT. */
export function describeStopping(signal: Signal): string {
  return `${signal === 'INT' ? 'running' : 'stopping'} (SIG${signal} sent)`;
}

/** `exit status 3 (KILL)`, the reason if the command did not end by itself, and that output is missing. One cell of a table. */
export function describeOutcome(command: CommandView): string {
  const { exit_status: exitStatus, signal, reason } = command;
  const status =
    exitStatus === null
      ? ''
      : `exit status ${exitStatus}${signal === null ? '' : ` (${escapeText(signal)})`}`;
  const missing = findMissing(command);
  return [status, reason === null ? '' : escapeText(reason), missing ? 'output incomplete' : '']
    .filter((part) => part !== '')
    .join('; ');
}
