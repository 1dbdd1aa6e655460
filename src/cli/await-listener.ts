/** Waits until a listener is connected. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasListener } from '../text/describe-presence.ts';
import { type RetryOptions, withRetry } from '../client/retry.ts';
import { PollFloor } from '../client/poll-floor.ts';
import type { RelayClient } from '../client/relay-client.ts';
import { maxWaitSeconds } from '../protocol/limits.ts';
import { nameListener } from '../protocol/name-listener.ts';
import type { ListenerView, StatusPayload } from '../protocol/status-payload.ts';

/** Poll interval for a relay that sends no revisions: without one there is no long poll. */
const askAgainMs = 1_000;

/** `root@host, asks before each command`. Untrusted text: escape it before printing. */
export function describeListener(listener: ListenerView | null | undefined): string {
  if (!listener || listener.kind === 'slot') return 'a listener';
  const mode = listener.mode === 'auto' ? 'runs commands without asking' : 'asks before each command';
  return `${nameListener(listener)}, ${mode}`;
}

/** Resolves with the status that shows a listener; throws the signal's reason when it is aborted. */
export async function awaitListener(
  client: RelayClient,
  retry: RetryOptions & { signal: AbortSignal },
): Promise<StatusPayload> {
  const { signal } = retry;
  let after: number | undefined;
  const floor = new PollFloor();
  for (;;) {
    floor.begin();
    const poll = after === undefined ? { signal } : { after, waitSeconds: maxWaitSeconds, signal };
    const status = await withRetry(() => client.readStatus(poll), retry);
    if (hasListener(status)) return status;
    if (status.revision === undefined) await sleep(askAgainMs, undefined, { signal });
    else await floor.end(after === undefined, signal);
    after = status.revision;
  }
}
