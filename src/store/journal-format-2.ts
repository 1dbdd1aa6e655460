/**
 * Reads journals of format 2, which kept the sizes of parts apart from the sessions: `{session, commands, dropped, ends}` and
 * `{grown: NAME, ends}`, where `ends` maps `c1/stdout` to a size. The relay rewrites such a journal in the current format when it opens it.
 */
import { type Fields, parseFields, readText } from '../protocol/json-fields.ts';
import type { Command } from '../session/command.ts';
import { noPastKeys } from '../session/past-keys.ts';
import type { Session } from '../session/session.ts';
import type { Entry } from './journal-lines.ts';

export class Format2Sizes {
  /** By session, then by `c1/stdout`, in bytes. */
  readonly #ends = new Map<string, Map<string, number>>();

  take(entry: Entry): void {
    const removed = readText(entry, 'removed');
    if (removed !== undefined) this.#ends.delete(removed);
    const fields = parseFields(entry['session']);
    const name = readText(entry, 'grown') ?? (fields && readText(fields, 'name'));
    if (name !== undefined) this.#setEnds(name, parseFields(entry['ends']) ?? {});
  }

  #setEnds(name: string, ends: Fields): void {
    const known = this.#ends.get(name) ?? new Map<string, number>();
    this.#ends.set(name, known);
    for (const [place, end] of Object.entries(ends)) if (typeof end === 'number') known.set(place, end);
  }

  /** The session with its sizes, and with the fields that sessions have today. */
  carryOver(session: Session): Session {
    const ends = this.#ends.get(session.name);
    const sizeOf = (id: string, part: string): number => ends?.get(`${id}/${part}`) ?? 0;
    const commands = session.commands.map(
      (command): Command => ({
        ...command,
        stdinBytes: sizeOf(command.id, 'stdin'),
        stdoutBytes: sizeOf(command.id, 'stdout'),
        stderrBytes: sizeOf(command.id, 'stderr'),
        cut: null,
        wasRefused: false,
        isEvicted: false,
      }),
    );
    return { ...session, commands, slotReader: null, pastKeys: noPastKeys };
  }
}
