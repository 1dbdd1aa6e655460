/** Builds the keys and arguments of the commit script for one update. */
import type { Part, Piece, Session } from '../session/session.ts';
import {
  countSegments,
  keysOf,
  placeOf,
  segmentBytes,
  segmentKey,
  type SessionKeys,
  smallBytes,
} from './redis-layout.ts';
import { describeChange } from './redis-session.ts';
import type { Word } from './redis-words.ts';
import { listUnusedParts } from './unused-parts.ts';

const scripts: readonly Part[] = ['script'];
const flows: readonly Part[] = ['stdin', 'stdout', 'stderr'];

/** Bytes of a segment that are sent before the commit, under a temporary key; the commit renames it. */
export interface Staged {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Redis runs nothing else during a script: if an update has more bytes than this, its segments are sent before the commit. */
const commitBytes = 1024 * 1024;

export interface CommitParts {
  readonly before: Session;
  readonly after: Session;
  readonly put: readonly Piece[];
  readonly account: { readonly key: string; readonly growth: number; readonly limit: number } | undefined;
  /** Unique; part of the temporary keys of segments that are sent before the commit. */
  readonly operation: string;
}

function sizeOf(session: Session, id: string, part: Part): number {
  const command = session.commands.findLast((candidate) => candidate.id === id);
  return command?.[`${part}Bytes`] ?? 0;
}

/** Joins adjacent pieces of the same part. */
function joinPieces(put: readonly Piece[]): Piece[] {
  const joined: Piece[] = [];
  for (const piece of put) {
    const last = joined.findLast(({ id, part }) => id === piece.id && part === piece.part);
    const end = last && (last.offset ?? 0) + last.bytes.byteLength;
    if (last && piece.offset !== undefined && piece.offset === end)
      joined[joined.indexOf(last)] = { ...last, bytes: Buffer.concat([last.bytes, piece.bytes]) };
    else joined.push(piece);
  }
  return joined;
}

/** Collects the keys of a commit, and argument lists that refer to each key by its index in KEYS. */
class Writes {
  readonly keys: string[];
  readonly #places = new Map<string, number>();
  readonly checks: Word[][] = [];
  readonly stages: Word[][] = [];
  readonly fields: Word[][] = [];
  readonly chunks: Word[][] = [];
  readonly removedKeys: Word[][] = [];
  readonly removedFields: Word[][] = [];
  readonly staged: Staged[] = [];
  readonly #of: SessionKeys;

  constructor(of: SessionKeys) {
    this.#of = of;
    this.keys = [of.session, of.index, of.due, of.parts];
  }

  placeOf(key: string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.keys.push(key);
    this.#places.set(key, this.keys.length);
    return this.keys.length;
  }

  #segment(place: string, number: number): number {
    return this.placeOf(segmentKey(this.#of, place, number));
  }

  removePart(place: string, bytes: number, from = 0): void {
    if (bytes === 0) return;
    if (from === 0) this.removedFields.push([place]);
    for (let number = from; number < countSegments(bytes); number += 1)
      this.removedKeys.push([this.#segment(place, number)]);
  }

  /** `known`: the size of the part before the update. */
  writePart({ id, part, offset, bytes }: Piece, known: number, stageName: string | undefined): void {
    const place = placeOf(id, part);
    const start = offset ?? 0;
    const end = start + bytes.byteLength;
    // Without an offset the bytes replace the whole part: remove the segments after the new end.
    if (offset === undefined && known > end) this.removePart(place, known, countSegments(end));
    if (end <= smallBytes) return this.#writeSmall(place, start, bytes);
    const wasSmall = known <= smallBytes;
    if (start > 0 && start <= smallBytes && wasSmall) this.checks.push([0, place, start]);
    else if (start % segmentBytes > 0)
      this.checks.push([this.#segment(place, Math.floor(start / segmentBytes)), '', start % segmentBytes]);
    if (start === 0 && wasSmall && known > 0) this.removedFields.push([place]);
    for (let at = start; at < end; ) {
      const number = Math.floor(at / segmentBytes);
      const to = Math.min(end, (number + 1) * segmentBytes);
      const chunk = bytes.subarray(at - start, to - start);
      const moved = at === start && start > 0 && start <= smallBytes && wasSmall ? place : '';
      this.#writeChunk(place, number, { offset: at % segmentBytes, moved, chunk }, stageName);
      at = to;
    }
  }

  #writeSmall(place: string, offset: number, bytes: Uint8Array): void {
    if (offset > 0) this.checks.push([0, place, offset]);
    this.fields.push([place, offset, bytes]);
  }

  #writeChunk(
    place: string,
    number: number,
    { offset, moved, chunk }: { offset: number; moved: string; chunk: Uint8Array },
    stageName: string | undefined,
  ): void {
    const target = this.#segment(place, number);
    if (stageName === undefined || offset > 0) {
      this.chunks.push([target, offset, moved, chunk]);
      return;
    }
    const key = `${this.#of.segments}:${stageName}:${this.staged.length}`;
    this.staged.push({ key, bytes: chunk });
    this.stages.push([this.placeOf(key), target]);
  }
}

/** Removes the bytes that the session no longer has. */
function removeUnused(writes: Writes, before: Session, after: Session): void {
  for (const { command, isDropped } of listUnusedParts(before, after)) {
    const parts = [...(isDropped ? scripts : []), ...(command.isEvicted ? [] : flows)];
    for (const part of parts) writes.removePart(placeOf(command.id, part), command[`${part}Bytes`]);
  }
}

export interface Commit {
  readonly keys: readonly string[];
  /** The arguments after the versions, operation, meta, deadline, name and wake message. */
  readonly words: readonly Word[];
  readonly meta: string;
  readonly staged: readonly Staged[];
}

/** Appends the number of items, then the words of each item. */
function addList(words: Word[], items: readonly (readonly Word[])[]): void {
  words.push(items.length);
  for (const item of items) words.push(...item);
}

export function describeCommit({ before, after, put, account, operation }: CommitParts): Commit {
  const writes = new Writes(keysOf(after.name));
  removeUnused(writes, before, after);
  const bytes = put.reduce((sum, piece) => sum + piece.bytes.byteLength, 0);
  for (const piece of joinPieces(put))
    writes.writePart(
      piece,
      sizeOf(before, piece.id, piece.part),
      bytes > commitBytes ? operation : undefined,
    );
  const { meta, changed, dropped } = describeChange(before, after);
  const accountPlace = account ? writes.placeOf(account.key) : 0;
  const words: Word[] = [];
  addList(words, writes.checks);
  addList(words, writes.stages);
  words.push(accountPlace, account?.growth ?? 0, account?.limit ?? -1, put.length === 0 ? 'small' : 'bytes');
  addList(words, writes.removedKeys);
  addList(words, writes.removedFields);
  addList(words, writes.fields);
  addList(words, writes.chunks);
  addList(words, changed);
  words.push(dropped.length, ...dropped);
  return { keys: writes.keys, words, meta, staged: writes.staged };
}

/** The keys of all segments of a session. */
export function listSegments(session: Session): string[] {
  const of = keysOf(session.name);
  return session.commands.flatMap((command) =>
    [...scripts, ...flows].flatMap((part) =>
      Array.from({ length: countSegments(command[`${part}Bytes`]) }, (_, number) =>
        segmentKey(of, placeOf(command.id, part), number),
      ),
    ),
  );
}
