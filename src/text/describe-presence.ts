/** Describes whether a listener is connected, for `status` and `list`. Escapes all untrusted text. */
import { nameListener } from '../protocol/name-listener.ts';
import type { ListenerView, StatusPayload } from '../protocol/status-payload.ts';
import { formatSeconds } from './durations.ts';
import { escapeText } from './escape.ts';

export type Presence = 'none' | 'connected' | 'disconnected' | 'slot';

/**
 * Seconds since the listener was last seen. The legacy field is never less than the time since the listener took the command in flight.
 */
export function findLastSeen({ listener, listener_seen_seconds_ago: seen }: StatusPayload): number | null {
  return listener?.seen_seconds_ago ?? seen;
}

/** `slot`: a legacy relay saw a listener, but does not know whether it is still connected. */
export function findPresence({ listener, listener_seen_seconds_ago: seen }: StatusPayload): Presence {
  if (listener) return listener.attached ? 'connected' : 'disconnected';
  return listener === null || seen === null ? 'none' : 'slot';
}

/** Whether a listener would take a command that is pushed now, as far as the relay knows. */
export function hasListener(status: StatusPayload): boolean {
  return ['connected', 'slot'].includes(findPresence(status));
}

/** `root@vm` */
export function describeHost(listener: ListenerView): string {
  return escapeText(nameListener(listener));
}

const describeName = (listener: ListenerView): string =>
  listener.kind === 'slot' ? 'legacy listener' : describeHost(listener);

/** `root@vm, auto`; a legacy listener reports neither name nor mode. */
export function describeNameAndMode(listener: ListenerView): string {
  return `${describeName(listener)}${listener.kind === 'slot' ? '' : `, ${listener.mode}`}`;
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
      return listener ? `connected, ${describeName(listener)}, ${modes[listener.mode]}` : 'connected';
    case 'disconnected':
      return `disconnected, ${lastSeen}${listener ? `, ${describeNameAndMode(listener)}` : ''}`;
  }
}

/** The relay deletes a session that is not used for this long. */
export function describeExpiry(ttlSeconds: number): string {
  return `${formatSeconds(ttlSeconds)} after the last request; not while connected or running`;
}
