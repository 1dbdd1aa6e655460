/** Runs a command through a legacy relay, which has one slot for a command and one for a result. */
import { pushToSlot, takeResult } from './slots.ts';
import { randomBytes } from 'node:crypto';
import { parseSlotText, type SlotResult, wrapForSlot } from '../protocol/slot-text.ts';
import { type RetryOptions, withRetry } from './retry.ts';
import { PollFloor } from './poll-floor.ts';
import type { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';
import { type SlotFate, withdrawFromSlot } from './withdraw-from-slot.ts';

export interface SlotRetryOptions extends RetryOptions {
  /** Called when no result came and the command was withdrawn. */
  onWithdrawn?: (fate: SlotFate) => void;
  /** Aborts the withdrawal too. Without it, a withdrawal from a relay that does not answer is retried for some seconds. */
  hurry?: AbortSignal;
}

/** Classifies a push that failed. `strange`: something other than a relay answered it. */
function explainPush(error: unknown): 'refused' | 'strange' | 'unknown' {
  if (!(error instanceof RelayError) || error.isRetryable) return 'unknown';
  // A proxy that answers 4xx did not forward the request.
  return error.kind === 'not_a_relay' && error.status < 400 ? 'strange' : 'refused';
}

async function awaitResult(client: RelayClient, tag: string, retry: RetryOptions): Promise<SlotResult> {
  const { signal } = retry;
  const floor = new PollFloor();
  for (;;) {
    floor.begin();
    const text = await withRetry(() => takeResult(client, signal), retry);
    const result =
      text === undefined
        ? undefined
        : parseSlotText(Buffer.from(text.buffer, text.byteOffset, text.byteLength));
    // Another tag: the late result of a command that its client gave up earlier. Keep waiting.
    if (result && (result.tag === '' || result.tag === tag)) return result;
    await floor.end(false, signal);
  }
}

/**
 * Pushes the command and waits for its result until the signal aborts. If there is none, withdraws the command before it throws, so that
 * a listener that connects later does not run it. Slots have no ids, so another client of the same session may interfere.
 */
export async function runThroughSlots(
  client: RelayClient,
  script: Uint8Array,
  { onWithdrawn, hurry, ...retry }: SlotRetryOptions,
): Promise<SlotResult> {
  const { signal } = retry;
  const tag = randomBytes(8).toString('hex');
  let isPushed = false;
  try {
    // Not retried if the answer is lost: a second push would run the command twice.
    await pushToSlot(client, wrapForSlot(script, tag), signal);
    isPushed = true;
    return await awaitResult(client, tag, retry);
  } catch (error) {
    const push = isPushed ? 'unknown' : explainPush(error);
    if (push !== 'refused') {
      // Retry the withdrawal only after an abort: after a failure, the retries have already taken long enough.
      const fate = await withdrawFromSlot(client, signal?.aborted === true, hurry);
      if (push !== 'strange') onWithdrawn?.(fate);
    }
    throw error;
  }
}
