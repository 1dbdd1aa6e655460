/** Whether a listener is there, in words: what `status` and `list` print. All text of others is escaped. */
import type { ListenerView, StatusPayload } from '../protocol/status-payload.ts';
import { escapeText } from '../terminal/escape.ts';
import { formatSeconds } from './format.ts';

export type Presence = 'none' | 'connected' | 'disconnected' | 'slot';

/** `slot`: a legacy listener polls the slot; a legacy relay only knows when it was last seen. */
export function findPresence({ listener, listener_seen_seconds_ago: seen }: StatusPayload): Presence {
  if (seen === null) return 'none';
  if (!listener || listener.kind === 'slot') return 'slot';
  return listener.attached ? 'connected' : 'disconnected';
}

/** `root@vm` */
export function describeHost({ user, host }: ListenerView): string {
  return escapeText(`${user}@${host}`);
}

const asks: Readonly<Record<ListenerView['mode'], string>> = {
  supervised: 'supervised: asks before each command',
  auto: 'auto: runs commands without asking',
  unknown: 'mode unknown',
};

export function describePresence(status: StatusPayload): string {
  const { listener, listener_seen_seconds_ago: seen } = status;
  const lastSeen = `last seen ${formatSeconds(seen ?? 0)} ago`;
  switch (findPresence(status)) {
    case 'none':
      return 'none yet: paste the line on the remote';
    case 'slot':
      return `a legacy listener polls the slot, ${lastSeen}`;
    case 'connected':
      return listener ? `connected, ${describeHost(listener)}, ${asks[listener.mode]}` : 'connected';
    case 'disconnected':
      return `disconnected, ${lastSeen}${listener ? `, ${describeHost(listener)}, ${listener.mode}` : ''}`;
  }
}

/** The relay deletes a session that is not used for this long. */
export function describeExpiry(ttlSeconds: number): string {
  return `${formatSeconds(ttlSeconds)} after the last request; not while a listener is connected or a command runs`;
}
