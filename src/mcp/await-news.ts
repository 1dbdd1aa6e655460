/** Waits until a command ends, for at most the wait budget of one tool call. */
import { hasListener } from '../text/describe-presence.ts';
import { PollFloor } from '../client/poll-floor.ts';
import { isEnded } from '../protocol/command-states.ts';
import { maxWaitSeconds } from '../protocol/limits.ts';
import type { Call } from './calls.ts';
import type { Snapshot } from './command-source.ts';

/** Below 60 s: after that, hosts time a call out. */
export const maxBudgetSeconds = 50;

/** Enough for a short command. If no listener is connected, the tool answers after this time. */
const firstWaitSeconds = 1;

/** Interval of progress notifications, for a host that asked for them. */
const progressSeconds = 1;

/** How often a call with progress notifications checks whether a listener is connected. */
const listenerSeconds = 5;

/** Added to the budget, for responses over a slow link. */
const graceSeconds = 2;

export interface Waiting {
  budgetSeconds: number;
  /** The host cancelled the request. */
  signal: AbortSignal;
  /** Called about once a second if the host asked for progress. */
  onProgress?: ((call: Call) => Promise<void>) | undefined;
}

/** Whether the command is queued because no listener is connected. */
async function checkListener(call: Call): Promise<boolean> {
  const { remote, snapshot } = call;
  call.lacksListener = snapshot.state === 'queued' && !hasListener(await remote.client.readStatus());
  return call.lacksListener;
}

function update(call: Call, snapshot: Snapshot): void {
  if (snapshot.state !== call.snapshot.state) call.sinceMs = performance.now();
  call.snapshot = snapshot;
}

/** Resolves when the command has ended or the budget is spent. True: the command needs a listener, and none is connected. */
export async function awaitNews(
  call: Call,
  { budgetSeconds, signal, onProgress }: Waiting,
): Promise<boolean> {
  const deadline = performance.now() + budgetSeconds * 1000;
  const { source } = call.remote;
  let maxSeconds = firstWaitSeconds;
  let checkedMs = performance.now();
  const floor = new PollFloor();
  for (;;) {
    floor.begin();
    const leftSeconds = Math.max(0, (deadline - performance.now()) / 1000);
    const { id, state } = call.snapshot;
    const waitSeconds = Math.min(leftSeconds, maxSeconds, maxWaitSeconds);
    const cut = AbortSignal.timeout(Math.ceil((leftSeconds + graceSeconds) * 1000));
    try {
      update(call, await source.look(id, state, waitSeconds, AbortSignal.any([signal, cut])));
    } catch (error) {
      // The relay hangs: return the last known state instead of hanging too.
      if (cut.aborted && !signal.aborted) return false;
      throw error;
    }
    if (isEnded(call.snapshot.state)) return false;
    const isSpent = performance.now() >= deadline;
    // The user must see the line before they can paste it.
    if (isSpent || (maxSeconds === firstWaitSeconds && !call.wasShown)) {
      const lacks = await checkListener(call);
      if (lacks || isSpent) return lacks;
    }
    maxSeconds = onProgress ? progressSeconds : maxWaitSeconds;
    if (onProgress && performance.now() - checkedMs > listenerSeconds * 1000) {
      checkedMs = performance.now();
      await checkListener(call);
    }
    await onProgress?.(call);
    await floor.end(call.snapshot.state !== state, signal);
  }
}
