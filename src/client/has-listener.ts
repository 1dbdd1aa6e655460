import type { StatusPayload } from '../protocol/status-payload.ts';

/** Whether somebody pasted the line. A legacy relay only says that somebody once did. */
export function hasListener(status: StatusPayload): boolean {
  return status.listener === undefined
    ? status.listener_seen_seconds_ago !== null
    : status.listener?.attached === true;
}
