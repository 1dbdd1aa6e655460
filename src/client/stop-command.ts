/** Stops a command and confirms the outcome. */
import { monotonicMs } from './monotonic.ts';
import { isEnded, isSettled, type Signal } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { killAfterSeconds } from '../protocol/limits.ts';
import { PollFloor } from './poll-floor.ts';
import type { RelayClient } from './relay-client.ts';
import { type RetryOptions, withRetry } from './retry.ts';

/** After KILL: time for the report of the end. */
const confirmWithinSeconds = 5;

/** After the signal, a relay may be unreachable this long before the confirmation fails. */
const patience: RetryOptions = { retryForMs: 10_000 };

/** `cancelled`: it never ran. `unconfirmed`: the signal was sent, but no report of its end arrived. */
export type StopOutcome = 'cancelled' | 'stopped' | 'unconfirmed' | 'ended before';

/** Polls a signalled command until it has ended, for this many seconds at most. */
async function confirmEnd(client: RelayClient, id: string, withinSeconds: number): Promise<CommandView> {
  const deadline = monotonicMs() + withinSeconds * 1000;
  const floor = new PollFloor();
  for (;;) {
    floor.begin();
    const waitSeconds = Math.max(0, Math.ceil((deadline - monotonicMs()) / 1000));
    const view = await withRetry(() => client.readCommand(id, { waitSeconds }), patience);
    if (isEnded(view.state) || waitSeconds === 0) return view;
    await floor.end(false);
  }
}

/**
 * A command that runs on after the signal gets KILL after `killAfterSeconds`. After TERM the listener sends it. After INT this function
 * does, because a command that survives INT may go on. `onSignalled` is called once a running command was signalled, before the wait for
 * its end.
 */
export async function stopCommand(
  client: RelayClient,
  id: string,
  signal: Signal,
  onSignalled?: () => Promise<void>,
): Promise<{ outcome: StopOutcome; command: CommandView }> {
  const { outcome, command } = await client.cancelCommand(id, signal);
  if (outcome === 'cancelled') return { outcome, command };
  if (outcome === 'ended') return { outcome: 'ended before', command };
  await onSignalled?.();
  let view = await confirmEnd(client, id, killAfterSeconds + (signal === 'INT' ? 0 : confirmWithinSeconds));
  if (signal === 'INT' && !isEnded(view.state)) {
    await withRetry(() => client.cancelCommand(id, 'KILL'), patience);
    view = await confirmEnd(client, id, confirmWithinSeconds);
  }
  return { outcome: isSettled(view.state) ? 'stopped' : 'unconfirmed', command: view };
}
