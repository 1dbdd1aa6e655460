/**
 * A session as fields of a Redis hash: one field per command and one per idempotency key of a dropped command, so that an update writes
 * only the fields that changed. The rest of the session is the meta field, which also lists the fields that belong to the session.
 */
import { parseJsonFields, readNumber } from '../protocol/json-fields.ts';
import type { Command } from '../session/command.ts';
import { compareCommands } from '../session/compare-commands.ts';
import { parseCommand, parsePastKey, parseSessionCore, type SessionCore } from '../session/parse-session.ts';
import {
  appendKeys,
  countPastKeys,
  dropKeys,
  listNewKeys,
  noPastKeys,
  type PastKey,
  type PastKeys,
} from '../session/past-keys.ts';
import type { Session } from '../session/session.ts';

export interface SessionChange {
  readonly meta: string;
  /** Fields with their new JSON. */
  readonly changed: readonly (readonly [field: string, json: string])[];
  /** Fields to remove. */
  readonly dropped: readonly string[];
}

interface Meta {
  readonly core: SessionCore;
  /** Numbers of the commands, in order of arrival. */
  readonly ids: readonly number[];
  /** How many idempotency keys were dropped since the session was created, and how many remain. */
  readonly keysDropped: number;
  readonly keys: number;
}

/** A Meta as JSON, built by hand for speed: every update writes it, and most of it is a list of a hundred numbers. */
function renderMeta(session: Session): string {
  const { commands, pastKeys } = session;
  // JSON omits undefined fields: copying all fields costs much less than copying most of them.
  const core = { ...session, commands: undefined, pastKeys: undefined };
  let ids = '';
  for (const { id } of commands) ids += ids === '' ? id.slice(1) : `,${id.slice(1)}`;
  const counts = `"keysDropped":${pastKeys.dropped},"keys":${countPastKeys(pastKeys)}`;
  return `{"core":${JSON.stringify(core)},"ids":[${ids}],${counts}}`;
}

function parseMeta(text: string): Meta | undefined {
  const fields = parseJsonFields(text);
  const core = parseSessionCore(fields?.['core']);
  const ids = fields?.['ids'];
  if (!fields || !core || !Array.isArray(ids) || !ids.every((id) => Number.isSafeInteger(id)))
    return undefined;
  const [keysDropped, keys] = [readNumber(fields, 'keysDropped'), readNumber(fields, 'keys')];
  return keysDropped === undefined || keys === undefined
    ? undefined
    : { core, ids: ids as number[], keysDropped, keys };
}

/** The fields to write and to remove to get from the stored session (undefined: none) to a new one. */
export function describeChange(before: Session | undefined, after: Session): SessionChange {
  const differences =
    before?.commands === after.commands ? [] : compareCommands(before?.commands ?? [], after.commands);
  const commands = differences.flatMap(({ after: is }) => (is ? [[is.id, JSON.stringify(is)] as const] : []));
  const forgotten = differences.flatMap(({ before: was, after: is }) => (was && !is ? [was.id] : []));
  const [past, now] = [before?.pastKeys ?? noPastKeys, after.pastKeys];
  const fresh = listNewKeys(past, now);
  const from = now.dropped + countPastKeys(now) - fresh.length;
  const keys = fresh.map((key, index) => [`k${from + index}`, JSON.stringify(key)] as const);
  const lostKeys = Math.min(now.dropped - past.dropped, countPastKeys(past));
  const droppedKeys = Array.from({ length: Math.max(0, lostKeys) }, (_, index) => `k${past.dropped + index}`);
  return {
    meta: renderMeta(after),
    changed: [...commands, ...keys],
    dropped: [...forgotten, ...droppedKeys],
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function applyCommands(
  before: Session | undefined,
  { ids }: Meta,
  fields: ReadonlyMap<string, string>,
): readonly Command[] | undefined {
  const known = new Map(before?.commands.map((command) => [command.id, command]));
  const commands: Command[] = [];
  for (const number of ids) {
    const id = `c${number}`;
    const text = fields.get(id);
    const command = text === undefined ? known.get(id) : parseCommand(readJson(text));
    if (command?.id !== id) return undefined;
    commands.push(command);
  }
  return commands;
}

function applyKeys(
  before: PastKeys,
  { keysDropped, keys }: Meta,
  fields: ReadonlyMap<string, string>,
): PastKeys | undefined {
  const past = dropKeys(before, keysDropped);
  const fresh: PastKey[] = [];
  for (let at = past.dropped + countPastKeys(past); at < keysDropped + keys; at += 1) {
    const key = parsePastKey(readJson(fields.get(`k${at}`) ?? ''));
    if (!key) return undefined;
    fresh.push(key);
  }
  const after = fresh.length === 0 ? past : appendKeys(past, fresh);
  return countPastKeys(after) === keys ? after : undefined;
}

/**
 * Builds the session from its meta, the fields that were read, and the older version in memory. Unchanged commands are the same
 * objects. Undefined if something is missing or invalid.
 */
export function applyChange(
  before: Session | undefined,
  metaText: string,
  fields: ReadonlyMap<string, string>,
): Session | undefined {
  const meta = parseMeta(metaText);
  if (!meta) return undefined;
  const commands = applyCommands(before, meta, fields);
  const pastKeys = applyKeys(before?.pastKeys ?? noPastKeys, meta, fields);
  return commands && pastKeys ? { ...meta.core, commands, pastKeys } : undefined;
}
