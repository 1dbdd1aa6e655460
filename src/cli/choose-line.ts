/** Chooses the line to paste again, in the mode of the last listener. */
import { addAutoMode } from '../protocol/session-payload.ts';
import type { ListenerView } from '../protocol/status-payload.ts';

/** `quickstart`: the line that was printed for the session. Auto mode if that line or the last listener used it. */
export function chooseLine(quickstart: string, listener: ListenerView | null | undefined): string {
  return listener?.mode === 'auto' ? addAutoMode(quickstart) : quickstart;
}
