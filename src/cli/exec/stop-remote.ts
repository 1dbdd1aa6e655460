/** Ctrl-C, SIGTERM, SIGHUP and a closed stdout stop the remote command. */
import { withRetry } from '../../client/retry.ts';
import { describeFileError } from '../../config/describe-file-error.ts';
import type { Signal } from '../../protocol/command-states.ts';
import { killAfterSeconds } from '../../protocol/limits.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { type Interrupt, isTermination, onInterrupt } from '../interrupts.ts';

/** Time between INT, sent at the first Ctrl-C, and TERM, for a command that ignores INT. */
const termAfterMs = 3_000;

/** After a reader closed our stdout: how long to wait for the relay's answer. */
const urgentMs = 2_000;

/** After SIGTERM or SIGHUP: time for TERM on the remote, then KILL, then the report of the end. */
const confirmWithinMs = (killAfterSeconds + 5) * 1000;

/** Why this client stopped following the command, which may still run. */
export type Leaving = Interrupt | 'broken pipe';

export interface Stopping {
  /** A signal that came while the command was being pushed. */
  already: Interrupt | undefined;
  /** Called with a signal for which this client stops the command. */
  onInterrupt: (signal: Interrupt) => void;
  leave: (why: Leaving | Error) => void;
}

/**
 * First Ctrl-C: sends INT, then TERM, and waits for the real outcome. SIGTERM and SIGHUP: sends TERM and waits for the outcome, but not
 * forever. Ctrl-C after either leaves the command running. A reader that closes our stdout, as `head` does, stops the command, as it would
 * over ssh. Returns a function that removes the handlers.
 */
export function stopRemote(
  context: Context,
  { client }: OpenSession,
  id: string,
  { already, onInterrupt: hear, leave }: Stopping,
): () => void {
  const { printer, io } = context;
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const ask = async (signal: Signal): Promise<void> => {
    // Retries for as long as the client waits for output. A failure is not reported: the state of the command shows the outcome.
    await withRetry(() => client.cancelCommand(id, signal), { signal: over.signal }).catch(() => undefined);
  };
  const leaveSoon = async (why: Leaving | Error): Promise<void> => {
    const enough = setTimeout(() => leave(why), urgentMs);
    await ask('TERM');
    clearTimeout(enough);
    leave(why);
  };
  const stop = (signal: Interrupt): void => {
    hear(signal);
    clearTimeout(timer);
    if (isTermination(signal)) {
      void ask('TERM');
      timer = setTimeout(() => leave(signal), confirmWithinMs);
      void printer.note(`${signal}: stopping command ${id}`);
      return;
    }
    void ask('INT');
    timer = setTimeout(() => void ask('TERM'), termAfterMs);
    void printer.note(`stopping command ${id}; press Ctrl-C again to detach from it`);
  };
  let last = already;
  const letGo = onInterrupt((_count, isUrgent, signal) => {
    const before = last;
    last = signal;
    if (!isUrgent) return before === undefined ? stop(signal) : leave(before);
    // `timeout` and systemd send more than one, and supervisors send SIGTERM after SIGINT: neither is a request to leave the command running.
    if (before === undefined || !isTermination(before)) stop(signal);
  });
  if (already) stop(already);
  const onBroken = (error: Error & { code?: string }): void => {
    const failed = new Failure(
      `cannot write to stdout: ${describeFileError(error)}`,
      'check free space on the output device',
      exitCodes.trouble,
      'file',
    );
    void leaveSoon(error.code === 'EPIPE' ? 'broken pipe' : failed);
  };
  io.stdout.once('error', onBroken);
  return () => {
    over.abort();
    clearTimeout(timer);
    letGo();
    io.stdout.off('error', onBroken);
  };
}
