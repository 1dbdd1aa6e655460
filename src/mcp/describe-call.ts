/** How a command stands, in the tool's own words: nothing that the remote wrote is in them. */
import { addAutoMode } from '../protocol/session-payload.ts';
import { cancelledByClient, isEnded } from '../protocol/command-states.ts';
import type { Snapshot } from './command-source.ts';
import type { Remote } from './sessions.ts';

export interface Paste {
  /** The line for a listener that asks its operator before each command. */
  supervised: string;
  /** The line for one that runs every command unasked; null where there is none. */
  auto: string | null;
  /** What to do with them. */
  request: string;
}

const pasteRequest =
  'Show both lines to the user as they are, and ask them to paste one of them into a shell on the remote machine. ' +
  'The first asks the operator there before each command, the second runs every command unasked. ' +
  'Then call remote_exec again with the same arguments: the command waits, and runs once.';

export function describePaste({ quickstart }: Remote): Paste | null {
  if (quickstart === '') return null;
  const auto = addAutoMode(quickstart);
  return { supervised: quickstart, auto: auto === quickstart ? null : auto, request: pasteRequest };
}

export function renderPaste({ supervised, auto, request }: Paste): string[] {
  const lines = ['No listener is connected. To connect one:', `  ${supervised}`];
  if (auto !== null) lines.push(`  ${auto}`);
  return [...lines, request];
}

function formatMs(ms: number | null): string {
  return ms === null ? '' : ` after ${(ms / 1000).toFixed(1)} s`;
}

/** One sentence. */
export function describeState({ id, state, exitStatus, signal, durationMs }: Snapshot): string {
  switch (state) {
    case 'queued':
      return `Command ${id} is queued: it has not started.`;
    case 'awaiting_approval':
      return `Command ${id} is shown to the operator, who has not answered yet: it has not started.`;
    case 'running':
      return `Command ${id} is running: its exit status is not known yet.`;
    case 'finished': {
      const killed = signal === null ? '' : ` (killed by SIG${signal.replaceAll(/[^A-Z0-9+]/g, '')})`;
      return exitStatus === null
        ? `Command ${id} ended, and nobody told its exit status.`
        : `Command ${id} finished with exit status ${exitStatus}${killed}${formatMs(durationMs)}.`;
    }
    case 'timed_out':
      return `Command ${id} was stopped${formatMs(durationMs)}: its timeout was reached.`;
    case 'declined':
      return `The operator declined command ${id}: it did not run.`;
    case 'expired':
      return `Command ${id} expired: nobody started it in time, and it will not run.`;
    case 'cancelled':
      return `Command ${id} was cancelled: it never ran.`;
    case 'lost':
      return `Command ${id} is lost: its listener went away or the session was reset, and its outcome is unknown.`;
  }
}

/** What to do next; empty where there is nothing to say. */
export function describeNext({ id, state, reason }: Snapshot): string {
  switch (state) {
    case 'queued':
    case 'awaiting_approval':
    case 'running':
      return (
        'Call remote_exec again with the same arguments to go on waiting: that joins this command and does not run it again. ' +
        `remote_output reads what there is, remote_cancel with id ${id} stops it.`
      );
    case 'declined':
      return reason === null || reason === ''
        ? 'They gave no reason. Ask the user before anything else is tried to the same end.'
        : 'Their reason is below. Ask the user before anything else is tried to the same end.';
    case 'expired':
      return 'Tell the user. The same call pushes it anew.';
    case 'lost':
      return 'It may have run, in part or whole: look at what it did before it is run again.';
    case 'cancelled':
      return reason === null || reason === cancelledByClient ? '' : 'Why is below.';
    case 'finished':
    case 'timed_out':
      return '';
  }
}

/** The reason where it is somebody else's words. */
export function foreignReason({ state, reason }: Snapshot): string | null {
  return isEnded(state) && reason !== null && reason !== '' && reason !== cancelledByClient ? reason : null;
}
