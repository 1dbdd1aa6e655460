/**
 * The keys in Redis. All keys of a session, and the set with its deadline, have the same hash tag, so that one script can change all of
 * them, even in a cluster. There are 256 tags. NAME is the first half of a session's name, which is unique enough and takes less memory.
 *
 *     remotify:{b}:s:NAME                hash: v version · m meta · o last operations · cN commands · kN idempotency keys
 *     remotify:{b}:i:NAME                sorted set: cN, kN → the version of its last change
 *     remotify:{b}:p:NAME                hash: c1/stdout → the bytes of a small part
 *     remotify:{b}:b:NAME:c1/stdout:K    string: segment K of a larger part
 *     remotify:{b}:due                   sorted set: full session name → its deadline, ms since 1970
 *     remotify:{b}:gone:NAME             string, for a minute: the operation that removed the session
 *     remotify:{q:ACCOUNT}:made, :bytes  the sessions of an account, and their bytes
 *     remotify:{alive}:at, :outage       the last heartbeat of any relay, and the end of the last outage (no heartbeat)
 *     remotify:format                    string: the format of this layout
 *     remotify:wake                      channel: names of changed sessions
 */
import type { Part } from '../session/session.ts';

/** Raise it when an older relay can no longer read this layout. */
export const formatName = '1 256';

export const formatKey = 'remotify:format';
export const wakeChannel = 'remotify:wake';
export const aliveKeys: readonly string[] = ['remotify:{alive}:at', 'remotify:{alive}:outage'];
export const checkKey = 'remotify:{alive}:check';

/**
 * Bytes of one segment. A little less than 1 MiB: a string of exactly 1 MiB plus its header takes the allocator's next size class, which
 * is a quarter more memory.
 */
export const segmentBytes = 1_044_480;

/** A part up to this size is a field of a hash: a separate key costs about 100 bytes more. */
export const smallBytes = 4_096;

const tags = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));

export const dueKeys: readonly string[] = tags.map((tag) => `remotify:{${tag}}:due`);

export interface SessionKeys {
  readonly session: string;
  readonly index: string;
  readonly due: string;
  readonly parts: string;
  readonly gone: string;
  /** The prefix of the keys of its segments. */
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

/** The name of a part, such as `c1/stdout`: the hash field of a small part, and a part of the segment keys of a larger one. */
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
