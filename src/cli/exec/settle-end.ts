/** From the end of a command to the end of ours. */
import type { CommandEnd } from '../../client/follow-command.ts';
import { cancelledByClient } from '../../protocol/command-states.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { describeMissing, missingHint } from './describe-missing.ts';

/** How it ended, as an exit status; words where the status alone would not tell. */
export function settleEnd(
  end: CommandEnd,
  id: string,
  label: string,
): { exitCode: number; failure?: Failure } {
  const reason = end.reason === null ? '' : `: ${end.reason}`;
  const fail = (message: string, hint: string, exitCode: number = exitCodes.trouble) => ({
    exitCode,
    failure: new Failure(message, hint, exitCode),
  });
  switch (end.state) {
    case 'finished':
      if (end.missing) {
        // Output that is not whole never counts as success.
        const exitCode = end.exitStatus === null || end.exitStatus === 0 ? exitCodes.trouble : end.exitStatus;
        return fail(describeMissing(id, end.missing), missingHint, exitCode);
      }
      if (end.exitStatus !== null) return { exitCode: end.exitStatus };
      return fail(`command ${id} ended, and nobody told how`, 'its listener reports no exit status');
    case 'timed_out':
      return fail(
        `command ${id} was stopped: its time was up`,
        'give it more with --timeout',
        exitCodes.timedOut,
      );
    case 'declined':
      return fail(
        `the operator declined${reason}`,
        'agree on it with whoever sits there',
        exitCodes.declined,
      );
    case 'expired':
      return fail(
        `nobody started command ${id} in time`,
        `is the line pasted? see \`remotify status -s ${label}\``,
      );
    case 'cancelled':
      return fail(
        `command ${id} was cancelled and never ran`,
        end.reason === null || end.reason === cancelledByClient
          ? 'somebody with the same key did this'
          : end.reason,
      );
    case 'lost':
      return fail(
        `command ${id} is lost: its outcome is unknown${reason}`,
        'it may have run: look before you repeat it',
      );
    case 'queued':
    case 'awaiting_approval':
    case 'running':
      return fail(`command ${id} is ${end.state}`, 'see `remotify status`');
  }
}
