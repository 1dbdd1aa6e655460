/**
 * Idempotency-Keys of commands that the session no longer lists: a late retry of a push must not run again. In pages,
 * so that adding a key copies one page and not all of them. Plain data, oldest first.
 */
import { maxPastKeys, pastKeyMs } from '../protocol/limits.ts';
import type { Command } from './command.ts';

/** What the relay needs to answer a repeated push. Times are milliseconds since 1970. */
export type PastKey = Pick<
  Command,
  | 'id'
  | 'digest'
  | 'state'
  | 'exitStatus'
  | 'signal'
  | 'scriptBytes'
  | 'stdoutBytes'
  | 'stderrBytes'
  | 'cut'
  | 'pushedAt'
  | 'startedAt'
  | 'pushedBy'
> & { readonly idempotencyKey: string; readonly endedAt: number };

type Page = readonly PastKey[];

export interface PastKeys {
  /** How many keys were dropped since the session was created. */
  readonly dropped: number;
  readonly pages: readonly Page[];
}

export const noPastKeys: PastKeys = { dropped: 0, pages: [] };

const pageLength = 256;

/** Full pages never change: each is indexed once. */
const indexes = new WeakMap<Page, ReadonlyMap<string, PastKey>>();

function findInPage(page: Page, key: string): PastKey | undefined {
  if (page.length < pageLength) return page.find(({ idempotencyKey }) => idempotencyKey === key);
  const index = indexes.get(page) ?? new Map(page.map((entry) => [entry.idempotencyKey, entry]));
  indexes.set(page, index);
  return index.get(key);
}

export function findPastKey({ pages }: PastKeys, key: string): PastKey | undefined {
  for (const page of pages.toReversed()) {
    const found = findInPage(page, key);
    if (found) return found;
  }
  return undefined;
}

export function countPastKeys({ pages }: PastKeys): number {
  return pages.reduce((sum, page) => sum + page.length, 0);
}

/** Whether one more key can be remembered: false when all pages are in use and the oldest is too young to drop. */
export function hasRoomForKey(past: PastKeys, now: number): boolean {
  return past.pages.length < maxPastKeys / pageLength || isOld(past.pages[0] ?? [], now);
}

function isOld(page: Page, now: number): boolean {
  return (page.at(-1)?.endedAt ?? 0) + pastKeyMs <= now;
}

function dropOldPages(past: PastKeys, now: number): PastKeys {
  const young = past.pages.findIndex((page) => !isOld(page, now));
  const old = young === -1 ? past.pages.length : young;
  if (old === 0) return past;
  const dropped = past.pages.slice(0, old).reduce((sum, page) => sum + page.length, past.dropped);
  return { dropped, pages: past.pages.slice(old) };
}

export function appendKeys(past: PastKeys, entries: readonly PastKey[]): PastKeys {
  if (entries.length === 0) return past;
  const pages = [...past.pages];
  for (const entry of entries) {
    const last = pages.at(-1);
    if (last && last.length < pageLength) pages[pages.length - 1] = [...last, entry];
    else pages.push([entry]);
  }
  return { ...past, pages };
}

/** Remembers the keys of ended commands for an hour or more after their end, and drops those that are older. */
export function rememberKeys(past: PastKeys, forgotten: readonly Command[], now: number): PastKeys {
  const entries = forgotten.flatMap((command): PastKey[] => {
    const { id, digest, state, exitStatus, signal, scriptBytes, pushedAt, startedAt, pushedBy } = command;
    const { idempotencyKey, endedAt, stdoutBytes, stderrBytes, cut } = command;
    if (idempotencyKey === null || endedAt === null || endedAt + pastKeyMs <= now) return [];
    const sizes = { scriptBytes, stdoutBytes, stderrBytes, cut };
    const kept = { id, digest, state, exitStatus, signal, pushedAt, startedAt, pushedBy, ...sizes };
    return [{ ...kept, idempotencyKey, endedAt }];
  });
  return appendKeys(dropOldPages(past, now), entries);
}

/** Oldest first. */
export function flattenKeys({ pages }: PastKeys): PastKey[] {
  return pages.flat();
}

/** Drops the oldest keys. `dropped` counts all keys that the session has dropped since it was created, those before this call too. */
export function dropKeys(past: PastKeys, dropped: number): PastKeys {
  const excess = dropped - past.dropped;
  return excess <= 0 ? past : { ...appendKeys(noPastKeys, flattenKeys(past).slice(excess)), dropped };
}

/** The keys that were added since `before`. Only the oldest keys are ever dropped. */
export function listNewKeys(before: PastKeys, after: PastKeys): PastKey[] {
  if (before === after) return [];
  const known = Math.max(0, before.dropped + countPastKeys(before) - after.dropped);
  let missing = countPastKeys(after) - known;
  const found: (readonly PastKey[])[] = [];
  // From the end: usually one key is new, out of many.
  for (let at = after.pages.length - 1; missing > 0; at -= 1) {
    const page = after.pages[at] ?? [];
    found.unshift(page.slice(Math.max(0, page.length - missing)));
    missing -= page.length;
  }
  return found.flat();
}
