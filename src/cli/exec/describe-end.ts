/** Maps a command's final state to our exit status and error. */
import type { CommandEnd } from '../../client/follow-command.ts';
import { cancelledByClient } from '../../protocol/command-states.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { FailureCode } from '../failure-codes.ts';
import { describeMissing } from '../../text/describe-missing.ts';
import { missingHint } from './missing-hint.ts';
import { nameState } from '../../text/name-state.ts';

/** The exit status for this end, and a failure where the status alone does not explain it. */
export function describeEnd(
  end: Omit<CommandEnd, 'read'>,
  id: string,
  label: string,
): { exitCode: number; failure?: Failure } {
  const reason = end.reason === null ? '' : `: ${end.reason}`;
  const fail = (
    code: FailureCode,
    message: string,
    hint: string,
    exitCode: number = exitCodes.trouble,
  ): { exitCode: number; failure: Failure } => ({
    exitCode,
    failure: new Failure(message, hint, exitCode, code),
  });
  switch (end.state) {
    case 'finished':
      if (end.missing) {
        // A command with missing output never counts as a success.
        const exitCode = end.exitStatus === null || end.exitStatus === 0 ? exitCodes.trouble : end.exitStatus;
        return fail('output_missing', describeMissing(end.missing, id), missingHint, exitCode);
      }
      if (end.exitStatus !== null) return { exitCode: end.exitStatus };
      return fail(
        'lost',
        `command ${id} ended without an exit status`,
        'it may have run: check the remote before you repeat it',
      );
    case 'timed_out':
      return fail('timed_out', `command ${id} timed out`, 'raise --timeout', exitCodes.timedOut);
    case 'declined':
      return fail(
        'declined',
        `the operator declined${reason}`,
        'ask the operator before you try again',
        exitCodes.declined,
      );
    case 'expired':
      return fail(
        'expired',
        `command ${id} did not start in time`,
        `check that the line was pasted: \`remotify status -s ${label}\``,
      );
    case 'cancelled':
      return fail(
        'cancelled',
        `command ${id} was cancelled and never ran`,
        end.reason === null || end.reason === cancelledByClient
          ? 'another client with the same session key cancelled it'
          : end.reason,
      );
    case 'lost':
      return fail(
        'lost',
        `command ${id} is lost: its outcome is unknown${reason}`,
        'it may have run: check the remote before you repeat it',
      );
    case 'queued':
    case 'awaiting_approval':
    case 'running':
      return fail('internal', `command ${id} is ${nameState(end.state)}`, 'run `remotify status`');
  }
}
