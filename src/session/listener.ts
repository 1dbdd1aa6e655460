/** Who runs the commands of a session: one at a time. */
import { listenerGraceMs, listenerSilenceMs, maxSilentRunMs } from '../protocol/limits.ts';
import type { ListenerMode } from '../protocol/status-payload.ts';
import type { Command } from './command.ts';
import { openCommands } from './open-commands.ts';

/** The id of whoever polls `GET /cmd`: that door carries no name. */
export const slotListenerId = 'slot';

export interface Listener {
  readonly id: string;
  readonly kind: 'runner' | 'slot';
  /** What it says of itself: untrusted text. */
  readonly host: string;
  readonly user: string;
  readonly mode: ListenerMode;
  readonly attachedAt: number;
  readonly seenAt: number;
  /** Its socket closed without an answer, or it was silent for too long, and it has not come back yet. */
  readonly goneAt: number | null;
  /** It said that it ended: a poll of it that is still held is nobody's. */
  readonly hasLeft: boolean;
}

export type ListenerIdentity = Pick<Listener, 'id' | 'kind' | 'host' | 'user' | 'mode'>;

export function attachListener(identity: ListenerIdentity, now: number): Listener {
  return { ...identity, attachedAt: now, seenAt: now, goneAt: null, hasLeft: false };
}

/** The point after which it counts as gone, unless it is heard before. */
export function listenerDeadline(listener: Listener): number {
  const silent = listener.seenAt + listenerSilenceMs;
  return listener.goneAt === null ? silent : Math.min(silent, listener.goneAt + listenerGraceMs);
}

/** When one that was silent for too long is said to be gone: dated so that the point after which it counts as gone stays the same. */
export function silentSince(listener: Listener): number {
  return listener.seenAt - listenerGraceMs + listenerSilenceMs;
}

/** Until then a legacy listener that runs a command counts as connected: it sends no request during a run. 0 when no command runs there. */
export function silentRunDeadline(commands: readonly Command[]): number {
  let deadline = 0;
  for (const { state, listenerId, startedAt } of openCommands(commands))
    if (state === 'running' && listenerId === slotListenerId)
      deadline = Math.max(deadline, (startedAt ?? 0) + maxSilentRunMs);
  return deadline;
}

/** The listener that is there, if one is. */
export function findLiveListener(
  { listener, commands }: { listener: Listener | null; commands: readonly Command[] },
  now: number,
): Listener | undefined {
  if (listener === null) return undefined;
  const isSilentRun =
    listener.kind === 'slot' && listener.goneAt === null && now < silentRunDeadline(commands);
  return isSilentRun || now < listenerDeadline(listener) ? listener : undefined;
}
