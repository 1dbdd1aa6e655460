/**
 * Where Redis keeps what. All keys of a session, and the deadline that goes with it, have one hash tag, so that one script changes all of
 * them, in a cluster too; there are 256 tags. NAME is the first half of a session's name, which is as unique and costs less.
 *
 *     remotify:{b}:s:NAME                hash: v version · m meta · o the last operations · cN commands · kN keys
 *     remotify:{b}:i:NAME                sorted set: cN, kN → the version in which each changed last
 *     remotify:{b}:p:NAME                hash: c1/stdout → the bytes of a small part
 *     remotify:{b}:b:NAME:c1/stdout:K    string: segment K of a larger part
 *     remotify:{b}:due                   sorted set: whole name → when its deadline is, ms since 1970
 *     remotify:{b}:gone:NAME             string, for a minute: the operation that removed it
 *     remotify:{q:ACCOUNT}:made, :bytes  the sessions of an account, and what they hold
 *     remotify:{alive}:at, :outage       the last sign of life of any relay, and the end of the last time without one
 *     remotify:format                    string: the form of all this
 *     remotify:wake                      channel: names of sessions that changed
 */
import type { Part } from '../session/session.ts';

/** Raised when a relay of an older version could no longer read it. */
export const formatName = '1 256';

export const formatKey = 'remotify:format';
export const wakeChannel = 'remotify:wake';
export const aliveKeys: readonly string[] = ['remotify:{alive}:at', 'remotify:{alive}:outage'];
export const checkKey = 'remotify:{alive}:check';

/**
 * Bytes of one segment. A little less than 1 MiB: with its header a string of exactly 1 MiB takes the allocator's next size, a quarter
 * more memory.
 */
export const segmentBytes = 1_044_480;

/** A part up to this size is a field of a hash: a key of its own costs some 100 bytes more. */
export const smallBytes = 4_096;

const tags = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));

export const dueKeys: readonly string[] = tags.map((tag) => `remotify:{${tag}}:due`);

export interface SessionKeys {
  readonly session: string;
  readonly index: string;
  readonly due: string;
  readonly parts: string;
  readonly gone: string;
  /** The first part of the keys of its segments. */
  readonly segments: string;
}

export function keysOf(name: string): SessionKeys {
  const half = name.slice(0, 32);
  const base = `remotify:{${name.slice(0, 2)}}`;
  return {
    session: `${base}:s:${half}`,
    index: `${base}:i:${half}`,
    due: `${base}:due`,
    parts: `${base}:p:${half}`,
    gone: `${base}:gone:${half}`,
    segments: `${base}:b:${half}`,
  };
}

export function accountKeys(account: string): { readonly made: string; readonly bytes: string } {
  const base = `remotify:{q:${account}}`;
  return { made: `${base}:made`, bytes: `${base}:bytes` };
}

/** The field of a part that is small. */
export function placeOf(id: string, part: Part): string {
  return `${id}/${part}`;
}

export function segmentKey(keys: SessionKeys, place: string, number: number): string {
  return `${keys.segments}:${place}:${number}`;
}

/** How many segments a part of this size has; 0 for a small one. */
export function countSegments(bytes: number): number {
  return bytes <= smallBytes ? 0 : Math.ceil(bytes / segmentBytes);
}
