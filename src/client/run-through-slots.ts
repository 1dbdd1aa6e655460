/** Runs a command on a legacy relay: it has one slot for a command and one for a result. */
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
  /** Ends the withdrawal too: without it, a relay that does not answer is tried for some seconds. */
  hurry?: AbortSignal;
}

/** What is known of a push that failed. `strange`: something else than a relay answered it. */
function explainPush(error: unknown): 'refused' | 'strange' | 'unknown' {
  if (!(error instanceof RelayError) || error.isRetryable) return 'unknown';
  // A proxy that answers 4xx passed nothing on.
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
    // Another tag: the late result of a command that was given up before. Ours is still to come.
    if (result && (result.tag === '' || result.tag === tag)) return result;
    await floor.end(false, signal);
  }
}

/**
 * Pushes, and waits until the signal aborts. Without a result the command is withdrawn before this throws: a listener that comes later
 * must not run it. Another client of the same session may get in between: there are no ids.
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
    // Not repeated when an answer is lost: a second push would run it a second time.
    await pushToSlot(client, wrapForSlot(script, tag), signal);
    isPushed = true;
    return await awaitResult(client, tag, retry);
  } catch (error) {
    const push = isPushed ? 'unknown' : explainPush(error);
    if (push !== 'refused') {
      // After a failure the relay has been tried for long enough.
      const fate = await withdrawFromSlot(client, signal?.aborted === true, hurry);
      if (push !== 'strange') onWithdrawn?.(fate);
    }
    throw error;
  }
}
