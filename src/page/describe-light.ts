/** Who listens and what it does, for the light of the status bar. */
import type { CommandState } from '../protocol/command-states.ts';
import { nameListener } from '../protocol/name-listener.ts';
import type { ListenerView, StatusPayload } from '../protocol/status-payload.ts';
import { formatSeconds } from '../text/durations.ts';
import { escapeText } from '../text/escape.ts';
import { findPresence } from '../text/describe-presence.ts';

export type LightState = 'waiting' | 'ready' | 'asking' | 'busy' | 'gone';

export interface Light {
  state: LightState;
  /** Untrusted text, escaped. */
  who: string;
  more: string;
}

const consent: Readonly<Record<ListenerView['mode'], string>> = {
  supervised: 'supervised: its operator is asked',
  auto: 'auto: nobody is asked',
  unknown: 'of another kind',
};

/** `currentState`: of the command that was picked up; undefined where it is not known. */
export function describeLight(status: StatusPayload, currentState: CommandState | undefined): Light {
  const { listener, current = null } = status;
  const presence = findPresence(status);
  if (presence === 'none' || !listener)
    return { state: 'waiting', who: 'no listener yet', more: 'paste a line on the remote' };
  const who = escapeText(nameListener(listener));
  if (!listener.attached)
    return {
      state: 'gone',
      who,
      more: `gone, heard ${formatSeconds(listener.seen_seconds_ago)} ago: paste the line again`,
    };
  if (current === null) return { state: 'ready', who, more: `listens, ${consent[listener.mode]}` };
  const mode = listener.mode === 'unknown' ? '' : `${listener.mode}, `;
  if (currentState === 'awaiting_approval')
    return { state: 'asking', who, more: `busy, ${mode}asks its operator about ${current}` };
  return { state: 'busy', who, more: `busy, ${mode}runs ${current}` };
}
