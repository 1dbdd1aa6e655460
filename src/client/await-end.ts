/** Waits until a command has ended; does not read its output. */
import { isEnded } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { maxWaitSeconds } from '../protocol/limits.ts';
import { type RetryOptions, withRetry } from './retry.ts';
import { PollFloor } from './poll-floor.ts';
import type { RelayClient } from './relay-client.ts';

/** `onState` is called for each state except the final one. Throws when the signal aborts. */
export async function awaitEnd(
  client: RelayClient,
  id: string,
  retry: RetryOptions & { onState?: (view: CommandView) => void },
): Promise<CommandView> {
  const { signal, onState } = retry;
  const floor = new PollFloor();
  let state: string | undefined;
  for (;;) {
    floor.begin();
    const waitSeconds = state === undefined ? 0 : maxWaitSeconds;
    const poll = { state, waitSeconds, ...(signal && { signal }) };
    const view = await withRetry(() => client.readCommand(id, poll), retry);
    if (isEnded(view.state)) return view;
    const isNews = view.state !== state;
    if (isNews) onState?.(view);
    state = view.state;
    await floor.end(isNews, signal);
  }
}
