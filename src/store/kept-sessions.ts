/** What a journal says of sessions: reads its entries, and writes the next one with no more than what changed. */
import { type Fields, parseFields, readNumber, readText } from '../protocol/json-fields.ts';
import type { Command } from '../session/command.ts';
import type { Session } from '../session/session.ts';
import type { Entry } from './journal.ts';

/** Raised when an older relay could no longer read it. */
const format = 2;

/** How many bytes of what are kept: by `c1/stdout` and the like. */
export type Ends = Map<string, number>;

export interface Kept {
  session: Session;
  readonly ends: Ends;
  /** Of all ends. */
  bytes: number;
}

/** The session without its commands, or undefined for something else. */
function parseSession(fields: Fields): Omit<Session, 'commands'> | undefined {
  const isWhole =
    readText(fields, 'name') !== undefined &&
    readNumber(fields, 'touchedAt') !== undefined &&
    readNumber(fields, 'nextNumber') !== undefined;
  return isWhole ? (fields as unknown as Omit<Session, 'commands'>) : undefined;
}

export class KeptSessions {
  readonly #byName = new Map<string, Kept>();

  /** Entries that say that they are of another kind of journal are refused with an Error; what makes no sense is passed over. */
  take(entry: Entry): void {
    const version = readNumber(entry, 'format');
    if (version !== undefined && version !== format) throw new Error(`a journal of format ${version}`);
    const removed = readText(entry, 'removed');
    if (removed !== undefined) this.#byName.delete(removed);
    const grown = readText(entry, 'grown');
    if (grown !== undefined) this.#setEnds(grown, parseFields(entry['ends']) ?? {});
    const fields = parseFields(entry['session']);
    const session = fields && parseSession(fields);
    if (session) this.#takeSession(session, entry);
  }

  #takeSession(fields: Omit<Session, 'commands'>, entry: Entry): void {
    const changed = (Array.isArray(entry['commands']) ? entry['commands'] : []) as Command[];
    const dropped = new Set(Array.isArray(entry['dropped']) ? (entry['dropped'] as string[]) : []);
    const fresh = new Map(changed.map((command) => [command.id, command]));
    const before = this.#byName.get(fields.name)?.session.commands ?? [];
    const known = before
      .filter(({ id }) => !dropped.has(id))
      .map((command) => {
        const latest = fresh.get(command.id) ?? command;
        fresh.delete(command.id);
        return latest;
      });
    this.put({ ...fields, commands: [...known, ...fresh.values()] }, parseFields(entry['ends']) ?? {});
  }

  /** The entry that leads from what is kept to this session; `ends` are those of bytes that were written for it. */
  describe(session: Session, ends: Readonly<Record<string, number>>): Entry {
    const { commands, ...fields } = session;
    const before = new Map(this.#byName.get(session.name)?.session.commands.map((c) => [c.id, c]));
    const changed = commands.filter((command) => before.get(command.id) !== command);
    for (const { id } of commands) before.delete(id);
    return {
      session: fields,
      ...(changed.length > 0 && { commands: changed }),
      ...(before.size > 0 && { dropped: [...before.keys()] }),
      ...(Object.keys(ends).length > 0 && { ends }),
    };
  }

  /** All of it in as few entries as can be. */
  *snapshot(): Generator<Entry> {
    yield { format };
    for (const { session, ends } of this.#byName.values()) {
      const { commands, ...fields } = session;
      yield { session: fields, commands, ends: Object.fromEntries(ends) };
    }
  }

  /** This is how the session is now. */
  put(session: Session, ends: Fields): void {
    const kept = this.#byName.get(session.name) ?? { session, ends: new Map(), bytes: 0 };
    this.#byName.set(session.name, kept);
    if (kept.session.commands !== session.commands) {
      const ids = new Set(session.commands.map(({ id }) => id));
      for (const [place, bytes] of kept.ends) {
        if (ids.has(place.slice(0, place.indexOf('/')))) continue;
        kept.ends.delete(place);
        kept.bytes -= bytes;
      }
    }
    kept.session = session;
    this.#setEnds(session.name, ends);
  }

  #setEnds(name: string, ends: Fields): void {
    const kept = this.#byName.get(name);
    if (!kept) return;
    for (const [place, end] of Object.entries(ends)) {
      if (typeof end !== 'number') continue;
      kept.bytes += end - (kept.ends.get(place) ?? 0);
      kept.ends.set(place, end);
    }
  }

  grow(name: string, place: string, end: number): void {
    this.#setEnds(name, { [place]: end });
  }

  remove(name: string): void {
    this.#byName.delete(name);
  }

  find(name: string): Kept | undefined {
    return this.#byName.get(name);
  }

  list(): Session[] {
    return [...this.#byName.values()].map(({ session }) => session);
  }
}
