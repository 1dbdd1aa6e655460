/** The line to paste again, in the mode in which the session was served. */
import { addAutoMode } from '../protocol/session-payload.ts';
import type { ListenerView } from '../protocol/status-payload.ts';

/** `quickstart`: the line that was printed for the session. Supervised unless it, or the last listener, was auto. */
export function chooseLine(quickstart: string, listener: ListenerView | null | undefined): string {
  return listener?.mode === 'auto' ? addAutoMode(quickstart) : quickstart;
}
