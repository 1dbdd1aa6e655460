/** Pushes a command to the relay; a signal during the push is kept until the command has an id. */
import { withRetry } from '../../client/retry.ts';
import type { PushOptions, RelayClient } from '../../client/relay-client.ts';
import { Failure } from '../failure.ts';
import { exitCodeOf, type Interrupt, onInterrupt } from '../interrupts.ts';

/** Long enough for a relay that restarts; short enough to report an unreachable relay soon. */
const retryForMs = 2_000;

/** After SIGTERM or SIGHUP: how long to wait for the relay's answer. The sender may soon send SIGKILL. */
const urgentMs = 4_000;

/**
 * After a first signal this still waits for the relay's answer: a command that the relay accepted can only be stopped by its id. A second
 * Ctrl-C stops waiting, and the error says that the command may run.
 */
export async function pushScript(
  client: RelayClient,
  script: Buffer,
  options: PushOptions,
): Promise<{ id: string; interrupt: Interrupt | undefined }> {
  const leave = new AbortController();
  let interrupt: Interrupt | undefined;
  let timer: NodeJS.Timeout | undefined;
  const letGo = onInterrupt((count, isUrgent, signal) => {
    interrupt = signal;
    if (isUrgent) timer ??= setTimeout(() => leave.abort(), urgentMs);
    else if (count > 1) leave.abort();
  });
  const { signal } = leave;
  try {
    const push = () => client.pushCommand(script, options, signal);
    const { id } = await withRetry(push, { retryForMs, signal });
    return { id, interrupt };
  } catch (error) {
    if (interrupt === undefined) throw error;
    throw new Failure(
      'interrupted while the command was being sent: it may still run',
      'run `remotify status` before you repeat it',
      exitCodeOf(interrupt),
      'interrupted',
    );
  } finally {
    clearTimeout(timer);
    letGo();
  }
}
