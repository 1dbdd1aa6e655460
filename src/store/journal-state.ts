/** The sessions as the journal has them: applies its entries, and describes the next entry, which has only what changed. */
import { type Fields, parseFields, readNumber, readText } from '../protocol/json-fields.ts';
import type { Command } from '../session/command.ts';
import { compareCommands } from '../session/compare-commands.ts';
import {
  appendKeys,
  countPastKeys,
  dropKeys,
  flattenKeys,
  listNewKeys,
  noPastKeys,
  type PastKey,
  type PastKeys,
} from '../session/past-keys.ts';
import type { Session } from '../session/session.ts';
import { Format2Sizes } from './journal-format-2.ts';
import type { Entry } from './journal-lines.ts';

/** Raise it when an older relay can no longer read the journal. */
const format = 3;

/** The first entry of a journal. */
export const formatEntry: Entry = { format };

/** The fields of a session that each entry has. Commands and keys are written only when they change. */
type Core = Omit<Session, 'commands' | 'pastKeys'>;

/** Idempotency keys per line of a snapshot. */
const keysPerEntry = 1_000;

function parseCore(fields: Fields): Core | undefined {
  const isWhole =
    readText(fields, 'name') !== undefined &&
    readNumber(fields, 'touchedAt') !== undefined &&
    readNumber(fields, 'nextNumber') !== undefined;
  return isWhole ? (fields as unknown as Core) : undefined;
}

function readList<T>(value: unknown): readonly T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}

/** All sessions without commands share this list. */
const noCommands: readonly Command[] = [];

/** In order of arrival. Returns the same list object if it is already sorted. */
function sortById(commands: readonly Command[]): readonly Command[] {
  const numberOf = ({ id }: Command): number => Number(id.slice(1));
  const isSorted = commands.every((command, at) => {
    const before = commands[at - 1];
    return before === undefined || numberOf(before) <= numberOf(command);
  });
  return isSorted ? commands : commands.toSorted((a, b) => numberOf(a) - numberOf(b));
}

function mergeCommands(before: readonly Command[], entry: Entry): readonly Command[] {
  const given = readList<Command>(entry['commands']);
  if (before.length === 0) return given.length === 0 ? noCommands : given;
  const dropped = new Set(readList<string>(entry['dropped']));
  const fresh = new Map(given.map((command) => [command.id, command]));
  const known = before
    .filter(({ id }) => !dropped.has(id))
    .map((command) => {
      const latest = fresh.get(command.id) ?? command;
      fresh.delete(command.id);
      return latest;
    });
  return [...known, ...fresh.values()];
}

function mergeKeys(before: PastKeys, entry: Entry): PastKeys {
  const base = readNumber(entry, 'keysBase');
  const dropped = readNumber(entry, 'keysDropped') ?? 0;
  const keys = readList<PastKey>(entry['keys']);
  if (base === 0 && dropped === 0 && keys.length === 0) return noPastKeys;
  const past = base === undefined ? before : { dropped: base, pages: [] };
  const appended = appendKeys(skipLostKeys(past, readNumber(entry, 'keysAt')), keys);
  return dropKeys(appended, dropped);
}

/** Missing keys before this position were in a damaged line. They count as dropped, so that no younger key is dropped for them. */
function skipLostKeys(past: PastKeys, position: number | undefined): PastKeys {
  const lost = (position ?? 0) - past.dropped - countPastKeys(past);
  return lost > 0 ? { ...past, dropped: past.dropped + lost } : past;
}

/** For JSON, which omits undefined fields: copying all fields costs much less than copying most of them. */
function describeCore(session: Session): Core {
  return { ...session, commands: undefined, pastKeys: undefined } as Core;
}

export class JournalState {
  readonly #byName = new Map<string, Session>();
  /** Set only while a journal of format 2 is read. */
  #format2: Format2Sizes | undefined;

  /** Applies one entry. Throws an Error for a journal of an unknown format; ignores invalid entries. */
  take(entry: Entry): void {
    const version = readNumber(entry, 'format');
    // `ends`, or a session without `slotReader`, identify a journal of format 2 whose first line is damaged or was never written.
    const fields = parseFields(entry['session']);
    const isOlder = version === 2 || 'ends' in entry || (fields && !('slotReader' in fields));
    if (isOlder) this.#format2 ??= new Format2Sizes();
    else if (version !== undefined && version !== format)
      throw new Error(`unknown journal format ${version}`);
    const removed = readText(entry, 'removed');
    if (removed !== undefined) this.#byName.delete(removed);
    this.#format2?.take(entry);
    const core = fields && parseCore(fields);
    if (core) this.#takeSession(core, entry);
  }

  #takeSession(core: Core, entry: Entry): void {
    const before = this.#byName.get(core.name);
    const commands = mergeCommands(before?.commands ?? noCommands, entry);
    const pastKeys = mergeKeys(before?.pastKeys ?? noPastKeys, entry);
    this.put({ ...core, commands, pastKeys });
  }

  /** Call after the last entry: moves data of format 2 into the sessions. Returns whether the journal was of that format. */
  finishReading(): boolean {
    // If a damaged line was skipped, a command may have been added again after later commands.
    for (const session of this.#byName.values()) {
      const commands = sortById(session.commands);
      if (commands !== session.commands) this.put({ ...session, commands });
    }
    const sizes = this.#format2;
    if (!sizes) return false;
    for (const session of this.#byName.values()) this.put(sizes.carryOver(session));
    this.#format2 = undefined;
    return true;
  }

  /** The entry that changes the session in the journal to this one. */
  describe(session: Session): Entry {
    const before = this.#byName.get(session.name);
    const differences =
      before?.commands === session.commands ? [] : compareCommands(before?.commands ?? [], session.commands);
    const changed: Command[] = [];
    const dropped: string[] = [];
    for (const { before: was, after } of differences)
      if (after) changed.push(after);
      else if (was) dropped.push(was.id);
    const keys = listNewKeys(before?.pastKeys ?? noPastKeys, session.pastKeys);
    const { dropped: keysDropped } = session.pastKeys;
    const keysAt = keysDropped + countPastKeys(session.pastKeys) - keys.length;
    return {
      session: describeCore(session),
      ...(changed.length > 0 && { commands: changed }),
      ...(dropped.length > 0 && { dropped }),
      ...(before === undefined && keysDropped > 0 && { keysBase: keysDropped }),
      ...(keys.length > 0 && { keys, keysAt }),
      ...(keysDropped > 0 && { keysDropped }),
    };
  }

  /** All sessions in as few entries as possible. */
  *snapshot(): Generator<Entry> {
    yield formatEntry;
    for (const session of this.#byName.values()) {
      const core = describeCore(session);
      const { dropped: keysDropped } = session.pastKeys;
      yield { session: core, commands: session.commands, keysBase: keysDropped };
      const keys = flattenKeys(session.pastKeys);
      for (let from = 0; from < keys.length; from += keysPerEntry)
        yield { session: core, keys: keys.slice(from, from + keysPerEntry) };
    }
  }

  /** How many entries a snapshot has. */
  countSnapshot(): number {
    let entries = 1;
    for (const { pastKeys } of this.#byName.values())
      entries += 1 + Math.ceil(countPastKeys(pastKeys) / keysPerEntry);
    return entries;
  }

  /** Notes that the journal now has this version of the session. */
  put(session: Session): void {
    this.#byName.set(session.name, session);
  }

  remove(name: string): void {
    this.#byName.delete(name);
  }

  find(name: string): Session | undefined {
    return this.#byName.get(name);
  }

  list(): Session[] {
    return [...this.#byName.values()];
  }
}
