/** Waiting for a command, within the budget of one answer. */
import { hasListener } from '../client/has-listener.ts';
import { PollFloor } from '../client/poll-floor.ts';
import { isEnded } from '../protocol/command-states.ts';
import { maxWaitSeconds } from '../protocol/limits.ts';
import type { Call } from './calls.ts';

/** Under the 60 s after which hosts give a call up. */
export const maxBudgetSeconds = 50;

/** What a short command needs; whoever has no listener hears of it after this. */
const firstWaitSeconds = 1;

/** How often a host that asked for it is told how things are. */
const progressSeconds = 1;

/** For an answer on a slow link, on top of the budget. */
const graceSeconds = 2;

export interface Waiting {
  budgetSeconds: number;
  /** The host cancelled the request. */
  signal: AbortSignal;
  /** Called about once a second where the host asked for progress. */
  onProgress?: ((call: Call) => Promise<void>) | undefined;
}

/** Resolves with whether the command waits because nobody pasted the line. */
async function lacksListener({ remote, snapshot }: Call): Promise<boolean> {
  if (snapshot.state !== 'queued') return false;
  return !hasListener(await remote.client.readStatus());
}

/** Looks on until the command ended, the budget is spent, or somebody has to paste the line first. */
export async function awaitNews(
  call: Call,
  { budgetSeconds, signal, onProgress }: Waiting,
): Promise<boolean> {
  const deadline = Date.now() + budgetSeconds * 1000;
  const { source } = call.remote;
  let longestSeconds = firstWaitSeconds;
  const floor = new PollFloor();
  for (;;) {
    floor.begin();
    const leftSeconds = Math.max(0, (deadline - Date.now()) / 1000);
    const { id, state } = call.snapshot;
    const waitSeconds = Math.min(leftSeconds, longestSeconds, maxWaitSeconds);
    const cut = AbortSignal.timeout(Math.ceil((leftSeconds + graceSeconds) * 1000));
    try {
      call.snapshot = await source.look(id, state, waitSeconds, AbortSignal.any([signal, cut]));
    } catch (error) {
      // A relay that hangs is no reason to hang, too.
      if (cut.aborted && !signal.aborted) return false;
      throw error;
    }
    if (isEnded(call.snapshot.state)) return false;
    const isSpent = Date.now() >= deadline;
    // Whoever is to paste it must see it first.
    if (isSpent || (longestSeconds === firstWaitSeconds && !call.wasShown)) {
      const lacks = await lacksListener(call);
      if (lacks || isSpent) return lacks;
    }
    longestSeconds = onProgress ? progressSeconds : maxWaitSeconds;
    await onProgress?.(call);
    await floor.end(call.snapshot.state !== state, signal);
  }
}
