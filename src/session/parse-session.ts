/** Validates a session that another process wrote: every field must have the type that the transitions rely on. */
import { isCommandState, isSignal } from '../protocol/command-states.ts';
import { isExitStatus } from '../protocol/command-view.ts';
import { parseFields } from '../protocol/json-fields.ts';
import { commandIdPattern } from '../protocol/paths.ts';
import type { Command } from './command.ts';
import type { Listener } from './listener.ts';
import type { PastKey } from './past-keys.ts';
import type { Session, SlotReader } from './session.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
/** A number of bytes, or a point in time: ms since 1970. */
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isCommandId: Check = (value) => typeof value === 'string' && commandIdPattern.test(value);
const isOneOf =
  (...words: string[]): Check =>
  (value) =>
    words.some((word) => word === value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

function hasAll<T>(value: unknown, checks: Readonly<Record<keyof T, Check>>): boolean {
  const fields = parseFields(value);
  return fields !== undefined && Object.entries<Check>(checks).every(([name, check]) => check(fields[name]));
}

const cutChecks: Record<'stdout' | 'stderr', Check> = { stdout: isCount, stderr: isCount };

const commandChecks: Record<keyof Command, Check> = {
  id: isCommandId,
  origin: isOneOf('slot', 'commands'),
  state: isCommandState,
  text: (value) => value === undefined || isText(value),
  scriptBytes: isCount,
  stdinBytes: isCount,
  stdoutBytes: isCount,
  stderrBytes: isCount,
  cut: orNull((value) => hasAll(value, cutChecks)),
  wasRefused: isFlag,
  isEvicted: isFlag,
  digest: isText,
  idempotencyKey: orNull(isText),
  pushedBy: orNull(isText),
  merge: isFlag,
  stdin: isOneOf('none', 'open', 'closed'),
  timeoutSeconds: isCount,
  pushedAt: isCount,
  expiresAt: orNull(isCount),
  listenerId: orNull(isText),
  listenerHost: orNull(isText),
  shownAt: orNull(isCount),
  startedAt: orNull(isCount),
  heardAt: orNull(isCount),
  endedAt: orNull(isCount),
  exitStatus: orNull(isExitStatus),
  signal: orNull(isText),
  reason: orNull(isText),
  cancelSignal: orNull(isSignal),
  cancelCount: isCount,
};

const listenerChecks: Record<keyof Listener, Check> = {
  id: isText,
  kind: isOneOf('runner', 'slot'),
  host: isText,
  user: isText,
  mode: isOneOf('supervised', 'auto', 'unknown'),
  attachedAt: isCount,
  seenAt: isCount,
  goneAt: orNull(isCount),
  hasLeft: isFlag,
};

const readerChecks: Record<keyof SlotReader, Check> = { id: isText, until: isCount };

/** A session without its commands and keys. */
export type SessionCore = Omit<Session, 'commands' | 'pastKeys'>;

const coreChecks: Record<keyof SessionCore, Check> = {
  name: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  createdAt: isCount,
  madeFrom: orNull(isText),
  touchedAt: isCount,
  revision: isCount,
  nextNumber: isCount,
  listener: orNull((value) => hasAll(value, listenerChecks)),
  slotResult: orNull(isCommandId),
  slotReader: orNull((value) => hasAll(value, readerChecks)),
};

const keyChecks: Record<keyof PastKey, Check> = {
  id: isCommandId,
  digest: isText,
  state: isCommandState,
  exitStatus: orNull(isExitStatus),
  signal: orNull(isText),
  scriptBytes: isCount,
  stdoutBytes: isCount,
  stderrBytes: isCount,
  cut: commandChecks.cut,
  pushedAt: isCount,
  startedAt: orNull(isCount),
  pushedBy: orNull(isText),
  idempotencyKey: isText,
  endedAt: isCount,
};

/** Undefined when a field is missing or has another type. Fields that this version does not know are kept. */
export function parseCommand(value: unknown): Command | undefined {
  return hasAll(value, commandChecks) ? (value as Command) : undefined;
}

/** See parseCommand(). */
export function parseSessionCore(value: unknown): SessionCore | undefined {
  return hasAll(value, coreChecks) ? (value as SessionCore) : undefined;
}

/** See parseCommand(). */
export function parsePastKey(value: unknown): PastKey | undefined {
  return hasAll(value, keyChecks) ? (value as PastKey) : undefined;
}
