/** Builds the JSON object of `exec --json`. */
import { withRetry } from '../../client/retry.ts';
import type { Context, OpenSession } from '../context.ts';
import type { Followed } from './follow-remote.ts';
import type { CollectedOutput } from './output-sink.ts';

/** The printer holds the object until the end of the run, and prints it with the error, if there is one. */
export async function holdReport(
  { printer }: Context,
  { client }: OpenSession,
  id: string,
  end: Followed,
  { stdout, stderr }: Record<'stdout' | 'stderr', CollectedOutput>,
): Promise<void> {
  printer.holdJson({
    id,
    state: end.state,
    exit_status: end.exitStatus,
    signal: end.signal,
    stdout: stdout.text,
    stderr: stderr.text,
    stdout_bytes: stdout.bytes,
    stderr_bytes: stderr.bytes,
    truncated: stdout.isTruncated || stderr.isTruncated || end.missing !== undefined,
    missing_bytes: end.missing?.bytes ?? 0,
    reason: end.reason,
    started_at: end.startedAt,
    duration_ms: end.durationMs,
    listener: (await withRetry(() => client.readCommand(id), {})).listener,
  });
}
