/** Running a command on a relay that has slots and nothing else. */
import { randomBytes } from 'node:crypto';
import { parseSlotText, type SlotResult, wrapForSlot } from '../protocol/slot-text.ts';
import { type Patience, withPatience } from './patience.ts';
import { PollFloor } from './poll-floor.ts';
import type { RelayClient } from './relay-client.ts';

/** Pushes and waits for as long as the signal lets it. Another client of the same session may get in between: there are no ids. */
export async function runThroughSlots(
  client: RelayClient,
  script: Uint8Array,
  patience: Patience,
): Promise<SlotResult> {
  const { signal } = patience;
  // Not repeated when an answer is lost: a second push would run it a second time.
  const tag = randomBytes(8).toString('hex');
  await client.pushToSlot(wrapForSlot(script, tag), signal);
  const floor = new PollFloor();
  for (;;) {
    floor.begin();
    const text = await withPatience(() => client.takeResult(signal), patience);
    const result = text === undefined ? undefined : parseSlotText(text);
    // The late result of a command that was given up before: ours is still to come.
    if (result && (result.tag === '' || result.tag === tag)) return result;
    await floor.end(false, signal);
  }
}
