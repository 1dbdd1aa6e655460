/** The audit log: who did what when. One line for each event, in the order in which the store kept them. */
import { isEnded } from '../protocol/command-states.ts';
import { shortName } from '../protocol/keys.ts';
import { describeHappening, type Entry, type Fields, type Sizes } from './audit-entry.ts';
import type { Happening, Ledger } from './happening.ts';
import { quoteText, quoteWord } from './log-words.ts';
import type { RelayOptions } from './relay-options.ts';

/** Words of others that are always quoted: what reads them need not guess. */
const quoted: ReadonlySet<string> = new Set(['text', 'reason']);

function renderFields(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) => ` ${name}=${quoted.has(name) ? quoteText(String(value)) : quoteWord(String(value))}`,
    )
    .join('');
}

/** `session 1a2b3c4d command c3 pushed`: names stand behind their nouns. */
function renderEvent({ event, command }: Entry, session: string): string {
  const named = command === undefined ? event : event.replace('command', `command ${command}`);
  return `session ${session} ${named.replace(/^session /, '')}`;
}

type AuditOptions = Pick<RelayOptions, 'store' | 'auditLog' | 'record'>;

export function createAudit({ store, auditLog, record }: AuditOptions): Ledger {
  const measure = async ({ session, change }: Happening): Promise<Sizes | undefined> => {
    if (change.subject !== 'command' || !isEnded(change.command.state)) return undefined;
    const { id } = change.command;
    const [stdout, stderr] = await Promise.all([
      store.size(session, id, 'stdout'),
      store.size(session, id, 'stderr'),
    ]);
    return { stdout, stderr };
  };
  const write = (happening: Happening, sizes: Sizes | undefined): void => {
    const entry = describeHappening(happening, sizes, auditLog === 'text');
    const { event, command, by, fields } = entry;
    const time = new Date(happening.at).toISOString();
    const session = shortName(happening.session);
    const { from } = happening;
    const who = by === undefined ? '' : ` by ${quoteWord(by)}`;
    const line = `${time} ${renderEvent(entry, session)} from ${quoteWord(from ?? 'clock')}${who}${renderFields(fields)}`;
    record(`audit: ${line}`, { kind: 'audit', time, session, event, command, from, by, ...fields });
  };

  let queue = Promise.resolve();
  return {
    tell(happening) {
      if (auditLog === 'off') return;
      // Sizes that cannot be read are not told; the event is.
      queue = queue
        .then(() => measure(happening).catch(() => undefined))
        .then((sizes) => write(happening, sizes));
    },
    settled: () => queue,
  };
}
