/** The end of an exec whose command was interrupted, did not finish, or lacks output. */
import type { Context, OpenSession } from '../context.ts';
import { describeMissing } from '../../text/describe-missing.ts';
import { missingHint } from './missing-hint.ts';
import type { Followed } from './follow-remote.ts';
import { describeEnd } from './describe-end.ts';
import type { StartBounds } from './start-bounds.ts';
import { missedStart } from './missed-start.ts';

export interface Ended {
  id: string;
  end: Followed;
  bounds: StartBounds;
}

/** Returns the exit status. Throws a Failure where the status needs an explanation. */
export async function reportEnd(
  context: Context,
  session: OpenSession,
  { id, end, bounds }: Ended,
): Promise<number> {
  const { exitCode, failure } = describeEnd(end, id, session.label);
  if (end.interrupt !== undefined) {
    const { reportInterrupt } = await import('./report-interrupt.ts');
    const interrupted = await reportInterrupt(context, id, end, failure);
    if (interrupted !== undefined) return interrupted;
  }
  if (end.missing && end.state !== 'finished')
    await context.printer.error(describeMissing(end.missing, id), missingHint);
  if (missedStart(end)) {
    const { describeUnstarted } = await import('./describe-unstarted.ts');
    throw await describeUnstarted(session, id, bounds, end);
  }
  if (failure) throw failure;
  if (context.json) await context.printer.endJson();
  return exitCode;
}
