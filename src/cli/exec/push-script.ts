/** A command on its way to the relay, and a Ctrl-C meanwhile. */
import { withPatience } from '../../client/patience.ts';
import type { PushOptions, RelayClient } from '../../client/relay-client.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { onInterrupt } from '../interrupts.ts';

/** A relay that is being restarted is worth a moment; one that is not there is said soon. */
const patienceMs = 2_000;

/**
 * A first Ctrl-C waits for the answer, so that what the relay has taken can be stopped by its id; a second one leaves, and says what that
 * means.
 */
export async function pushScript(
  client: RelayClient,
  script: Buffer,
  options: PushOptions,
): Promise<{ id: string; interrupted: boolean }> {
  const leave = new AbortController();
  let interrupted = false;
  const letGo = onInterrupt((count, isUrgent) => {
    interrupted = true;
    if (count > 1 || isUrgent) leave.abort();
  });
  const { signal } = leave;
  try {
    const push = () => client.pushCommand(script, options, signal);
    const { id } = await withPatience(push, { patienceMs, signal });
    return { id, interrupted };
  } catch (error) {
    if (!interrupted) throw error;
    throw new Failure(
      'interrupted while the command was on its way: it may run all the same',
      'see `remotify status` before you repeat it',
      exitCodes.interrupted,
    );
  } finally {
    letGo();
  }
}
