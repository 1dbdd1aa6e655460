/** Whether a listener is there, in words: what `status` and `list` print. All text of others is escaped. */
import { nameListener } from '../protocol/name-listener.ts';
import type { ListenerView, StatusPayload } from '../protocol/status-payload.ts';
import { formatSeconds } from './durations.ts';
import { escapeText } from './escape.ts';

export type Presence = 'none' | 'connected' | 'disconnected' | 'slot';

/** Seconds since the listener was seen. The seed's field is never less than the time since the pickup of a command in flight. */
export function findLastSeen({ listener, listener_seen_seconds_ago: seen }: StatusPayload): number | null {
  return listener?.seen_seconds_ago ?? seen;
}

/** `slot`: a legacy listener polls the slot; a legacy relay only knows when it was last seen. */
export function findPresence(status: StatusPayload): Presence {
  const { listener } = status;
  if (findLastSeen(status) === null) return 'none';
  if (!listener || listener.kind === 'slot') return 'slot';
  return listener.attached ? 'connected' : 'disconnected';
}

/** `root@vm` */
export function describeHost(listener: ListenerView): string {
  return escapeText(nameListener(listener));
}

const modes: Readonly<Record<ListenerView['mode'], string>> = {
  supervised: 'supervised: asks before each command',
  auto: 'auto: runs commands without asking',
  unknown: 'mode unknown',
};

/** `last seen 4 s ago` */
export function describeLastSeen(status: StatusPayload): string {
  return `last seen ${formatSeconds(findLastSeen(status) ?? 0)} ago`;
}

export function describePresence(status: StatusPayload): string {
  const { listener } = status;
  const lastSeen = describeLastSeen(status);
  switch (findPresence(status)) {
    case 'none':
      return 'none yet: paste the line on the remote';
    case 'slot':
      return `a legacy listener polls the slot, ${lastSeen}`;
    case 'connected':
      return listener ? `connected, ${describeHost(listener)}, ${modes[listener.mode]}` : 'connected';
    case 'disconnected':
      return `disconnected, ${lastSeen}${listener ? `, ${describeHost(listener)}, ${listener.mode}` : ''}`;
  }
}

/** The relay deletes a session that is not used for this long. */
export function describeExpiry(ttlSeconds: number): string {
  return `${formatSeconds(ttlSeconds)} after the last request; not while connected or running`;
}
