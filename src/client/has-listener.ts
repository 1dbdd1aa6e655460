import type { StatusPayload } from '../protocol/status-payload.ts';

/** Whether a listener is connected. A legacy relay only reports that one was seen. */
export function hasListener(status: StatusPayload): boolean {
  return status.listener === undefined
    ? status.listener_seen_seconds_ago !== null
    : status.listener?.attached === true;
}
