/** How much a session stores, and what gives way when it may not store more. */
import { isEnded } from '../protocol/command-states.ts';
import { Refusal } from '../protocol/errors.ts';
import type { Command } from './command.ts';
import { storedFlowBytes, usedBytes } from './open-commands.ts';
import type { Outcome, Session } from './session.ts';

/** What is evicted first has the lowest rank: the command that ended first; an unread result of the slot comes last. */
export function rankEviction({ slotResult }: Session, { id, endedAt }: Command): number {
  return id === slotResult ? Infinity : (endedAt ?? 0);
}

/** Ended commands with bytes to give up, in the order in which they give them up. */
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

/** Gives up the oldest input and output until so many bytes are free, or none is left; never that of `spared`. */
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

/** The outcome within the quota of its session. Throws `session_quota` where evicting all that may be evicted is not enough. */
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
