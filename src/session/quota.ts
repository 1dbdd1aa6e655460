/** The quota of a session: how much it stores, and what is evicted to stay within it. */
import { isEnded } from '../protocol/command-states.ts';
import { Refusal } from '../protocol/errors.ts';
import type { Command } from './command.ts';
import { storedFlowBytes, usedBytes } from './open-commands.ts';
import type { Outcome, Session } from './session.ts';

/** Lowest rank is evicted first: the command that ended first. An unread result of the slot comes last. */
export function rankEviction({ slotResult }: Session, { id, endedAt }: Command): number {
  return id === slotResult ? Infinity : (endedAt ?? 0);
}

/** Ended commands that still have stored stdin or output, in the order of eviction. */
export function listEvictable(session: Session): readonly Command[] {
  return session.commands
    .filter((command) => isEnded(command.state) && storedFlowBytes(command) > 0)
    .toSorted((a, b) => rankEviction(session, a) - rankEviction(session, b));
}

export function evict(session: Session, ids: ReadonlySet<string>): Session {
  if (ids.size === 0) return session;
  const commands = session.commands.map((command) =>
    ids.has(command.id) ? { ...command, isEvicted: true } : command,
  );
  return { ...session, commands };
}

/** Evicts the oldest stdin and output until `neededBytes` are free, or none is left; never that of `spared`. */
export function makeRoom(session: Session, neededBytes: number, spared?: ReadonlySet<string>): Session {
  let freed = 0;
  const evicted = new Set<string>();
  for (const command of listEvictable(session)) {
    if (freed >= neededBytes) break;
    if (spared?.has(command.id)) continue;
    freed += storedFlowBytes(command);
    evicted.add(command.id);
  }
  return evict(session, evicted);
}

/** Evicts until the outcome is within the quota. Throws `session_quota` when that is not enough. */
export function keepWithinQuota<T>(outcome: Outcome<T>, quotaBytes: number): Outcome<T> {
  const { put = [], overQuotaBytes = 0 } = outcome;
  // Only new bytes make a session larger.
  if (put.length === 0) return outcome;
  const excess = usedBytes(outcome.session) - quotaBytes;
  if (excess <= 0) return outcome;
  const session = makeRoom(outcome.session, excess, new Set(put.map(({ id }) => id)));
  if (usedBytes(session) > quotaBytes + overQuotaBytes) throw new Refusal('session_quota');
  return { ...outcome, session };
}
