/** The listener that runs the commands of a session, one at a time, and when it counts as disconnected. */
import { listenerGraceMs, listenerSilenceMs, maxSilentRunMs } from '../protocol/limits.ts';
import type { ListenerMode } from '../protocol/status-payload.ts';
import type { Command } from './command.ts';
import { openCommands } from './open-commands.ts';

/** The listener id of every poll of `GET /cmd`: those requests name no listener. */
export const slotListenerId = 'slot';

export interface Listener {
  readonly id: string;
  readonly kind: 'runner' | 'slot';
  /** Host and user as the listener reports them: untrusted text. */
  readonly host: string;
  readonly user: string;
  readonly mode: ListenerMode;
  readonly attachedAt: number;
  readonly seenAt: number;
  /** When its socket closed without an answer or it was silent for too long; null once it is back. */
  readonly goneAt: number | null;
  /** It announced its end. The relay ignores any of its polls that are still held. */
  readonly hasLeft: boolean;
}

export type ListenerIdentity = Pick<Listener, 'id' | 'kind' | 'host' | 'user' | 'mode'>;

export function attachListener(identity: ListenerIdentity, now: number): Listener {
  return { ...identity, attachedAt: now, seenAt: now, goneAt: null, hasLeft: false };
}

/** When the listener counts as disconnected, unless it sends a request before. */
export function listenerDeadline(listener: Listener): number {
  const silent = listener.seenAt + listenerSilenceMs;
  return listener.goneAt === null ? silent : Math.min(silent, listener.goneAt + listenerGraceMs);
}

/** `goneAt` for a listener that was silent for too long: chosen so that listenerDeadline() stays the same. */
export function silentSince(listener: Listener): number {
  return listener.seenAt - listenerGraceMs + listenerSilenceMs;
}

/** Until then a legacy listener with a running command counts as connected: it sends no request during a run. Else 0. */
export function silentRunDeadline(commands: readonly Command[]): number {
  let deadline = 0;
  for (const { state, listenerId, startedAt } of openCommands(commands))
    if (state === 'running' && listenerId === slotListenerId)
      deadline = Math.max(deadline, (startedAt ?? 0) + maxSilentRunMs);
  return deadline;
}

/** The listener, if it counts as connected. */
export function findLiveListener(
  { listener, commands }: { listener: Listener | null; commands: readonly Command[] },
  now: number,
): Listener | undefined {
  if (listener === null) return undefined;
  const isSilentRun =
    listener.kind === 'slot' && listener.goneAt === null && now < silentRunDeadline(commands);
  return isSilentRun || now < listenerDeadline(listener) ? listener : undefined;
}
