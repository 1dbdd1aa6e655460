/** Describes the state of a command and the next step, without any text from the remote or the relay. */
import { cancelledByClient, isEnded } from '../protocol/command-states.ts';
import { addAutoMode } from '../protocol/session-payload.ts';
import type { Snapshot } from './command-source.ts';
import type { UntrustedText } from './render-answer.ts';
import type { Remote } from './sessions.ts';
import { cutChars } from '../text/cut-text.ts';
import { formatDuration } from '../text/durations.ts';

const pasteRequest =
  'Show both lines to the user as they are, and ask them to paste one of them into a shell on the remote machine. ' +
  'The first asks the operator there before each command, the second runs commands without asking.';

/** The lines to paste, and what to do with them. Without lines if they are unknown. */
export function renderPaste({ quickstart }: Remote): string[] {
  if (quickstart === '') return ['No listener is connected.'];
  const auto = addAutoMode(quickstart);
  const lines = ['No listener is connected. To connect one:', `  ${quickstart}`];
  if (auto === quickstart)
    return [
      ...lines,
      'Show this line to the user as it is, and ask them to paste it into a shell on the remote.',
    ];
  return [...lines, `  ${auto}`, pasteRequest];
}

/** The relay may report an address that only the remote can reach. It is text of the relay, so it is fenced. */
export function relayAddressOf({ relayAddress }: Remote, show: (text: string) => string): UntrustedText[] {
  if (relayAddress === undefined) return [];
  return [{ title: 'address that the relay reports', text: show(relayAddress) }];
}

export function explainRelayAddress({ relayAddress, url }: Remote): string[] {
  return relayAddress === undefined
    ? []
    : [
        `These lines have the address that this client uses (${url}). The relay reports a different one: if the ` +
          'remote cannot reach the address in the lines, tell the user to compare the two addresses.',
      ];
}

function after(ms: number | null): string {
  return ms === null ? '' : ` after ${formatDuration(ms)}`;
}

/** One sentence. */
export function describeState({ id, state, exitStatus, signal, durationMs }: Snapshot): string {
  switch (state) {
    case 'queued':
      return `Command ${id} is queued: it has not started.`;
    case 'awaiting_approval':
      return `Command ${id} waits for the operator's approval: it has not started.`;
    case 'running':
      return `Command ${id} is running: its exit status is not known yet.`;
    case 'finished': {
      const name = /^[A-Z][A-Z0-9+-]{1,11}$/.test(signal ?? '') ? ` (killed by SIG${signal})` : '';
      return exitStatus === null
        ? `Command ${id} ended without an exit status.`
        : `Command ${id} finished with exit status ${exitStatus}${name}${after(durationMs)}.`;
    }
    case 'timed_out':
      return `Command ${id} was stopped${after(durationMs)}: its timeout was reached.`;
    case 'declined':
      return `The operator declined command ${id}: it did not run.`;
    case 'expired':
      return `Command ${id} expired: it did not start in time, and it will not run.`;
    case 'cancelled':
      return `Command ${id} was cancelled: it never ran.`;
    case 'lost':
      return `Command ${id} is lost: its listener disconnected or the session was reset, and its outcome is unknown.`;
  }
}

/** What the model should do next; empty if nothing. `tool`: the tool whose repeated call joins the command. */
export function describeNext({ id, state, reason }: Snapshot, tool: string): string {
  switch (state) {
    case 'queued':
    case 'awaiting_approval':
    case 'running':
      return (
        `Call ${tool} again with the same arguments to continue waiting: that joins this command and does not run it again. ` +
        `remote_output reads its output, remote_cancel with id ${id} stops it.`
      );
    case 'declined':
      return reason === null || reason === ''
        ? 'They gave no reason. Ask the user before trying another way.'
        : 'Their reason is below. Ask the user before trying another way.';
    case 'expired':
      return 'Tell the user. Calling again resubmits it.';
    case 'lost':
      return 'It may have run, partly or completely: check what it did before running it again.';
    case 'cancelled':
      return reason === null || reason === cancelledByClient ? '' : 'The reason is below.';
    case 'finished':
    case 'timed_out':
      return '';
  }
}

/** The operator's reason has at most 500 characters, but a relay may send more. */
const maxReasonChars = 1_000;

/** The operator's or the relay's reason, escaped and cut. Omits the reason that this client gave itself. */
export function untrustedReason(
  { state, reason }: Snapshot,
  show: (text: string) => string,
): UntrustedText[] {
  if (!isEnded(state) || reason === null || reason === '' || reason === cancelledByClient) return [];
  return [{ title: 'reason', text: cutChars(show(cutChars(reason, maxReasonChars)), maxReasonChars) }];
}

export function explainMade({ label, url, madeBecause }: Remote): string[] {
  return madeBecause === null
    ? []
    : [`A new session, ${label} on ${url}, was created because ${madeBecause}: connect a listener to it.`];
}
