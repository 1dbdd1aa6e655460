/** The audit log: one line for each event, with its time and address, in the order in which the store saved them. */
import { shortName } from '../protocol/keys.ts';
import { describeEvent, type Entry, type Fields } from './audit-entry.ts';
import { quoteField } from './log-words.ts';
import type { RelayOptions } from './relay-options.ts';
import type { EventSink } from './session-event.ts';
import { quoteAscii } from '../text/ascii.ts';

/** Fields with untrusted text; always quoted, so parsers can rely on it. */
const quoted: ReadonlySet<string> = new Set(['text', 'reason']);

function renderFields(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        ` ${name}=${quoted.has(name) ? quoteAscii(String(value)) : quoteField(String(value))}`,
    )
    .join('');
}

/** `session 1a2b3c4d command c3 pushed`: each name follows its noun. */
function renderEvent({ event, command }: Entry, session: string): string {
  const named = command === undefined ? event : event.replace('command', `command ${command}`);
  return `session ${session} ${named.replace(/^session /, '')}`;
}

type AuditOptions = Pick<RelayOptions, 'auditLog' | 'record'>;

export function createAudit({ auditLog, record }: AuditOptions): EventSink {
  return {
    emit(given) {
      if (auditLog === 'off') return;
      const entry = describeEvent(given, auditLog === 'text');
      const { event, command, by, fields } = entry;
      const time = new Date(given.at).toISOString();
      const session = shortName(given.session);
      const { from } = given;
      const who = by === undefined ? '' : ` by ${quoteField(by)}`;
      const line = `${time} ${renderEvent(entry, session)} from ${quoteField(from ?? 'clock')}${who}${renderFields(fields)}`;
      record(`audit: ${line}`, { kind: 'audit', time, session, event, command, from, by, ...fields });
    },
  };
}
