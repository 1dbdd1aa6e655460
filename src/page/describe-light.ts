/** Describes the listener and its activity, for the light of the status bar. */
import type { CommandState } from '../protocol/command-states.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import { describeHost, findPresence } from '../text/describe-presence.ts';

export type LightState = 'waiting' | 'ready' | 'asking' | 'busy' | 'gone';

export interface Light {
  state: LightState;
  /** Untrusted text, escaped. */
  who: string;
  more: string;
}

/** `currentState`: state of the command that the listener picked up; undefined while unknown. */
export function describeLight(status: StatusPayload, currentState: CommandState | undefined): Light {
  const { listener, current = null } = status;
  if (findPresence(status) === 'none' || !listener)
    return { state: 'waiting', who: 'no listener', more: 'paste the line on the remote' };
  const name = describeHost(listener);
  const who = name === 'unknown' && listener.kind === 'slot' ? 'legacy listener' : name;
  if (!listener.attached) return { state: 'gone', who, more: 'disconnected' };
  if (current === null)
    return {
      state: 'ready',
      who,
      more: `connected, ${listener.mode === 'unknown' ? 'mode unknown' : listener.mode}`,
    };
  return currentState === 'awaiting_approval'
    ? { state: 'asking', who, more: `waiting for approval of ${current}` }
    : { state: 'busy', who, more: `running ${current}` };
}
