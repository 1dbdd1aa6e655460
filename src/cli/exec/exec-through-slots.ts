/** exec on a legacy relay: one slot, one stream, the exit status in a marker line. */
import { runThroughSlots } from '../../client/run-through-slots.ts';
import { readAvailability, type SlotTrouble, watchSlot } from '../../client/watch-slot.ts';
import type { SlotFate } from '../../client/withdraw-from-slot.ts';
import type { SlotResult } from '../../protocol/slot-text.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { exitCodeOf, onInterrupt } from '../interrupts.ts';
import type { ExecOptions } from './exec-options.ts';
import { openSinks } from './output-sink.ts';
import { formatLimit } from '../../text/durations.ts';

/** With --wait 0: how long to wait until a listener that polls takes the command. */
const minWaitSeconds = 5;

const fates: Record<SlotFate, string> = {
  dropped: '',
  taken: 'a listener already took the command and runs it to its end: a legacy relay cannot stop it',
  unknown: 'the command may still be queued; `remotify cancel` drops it',
};

function explainTrouble(trouble: SlotTrouble, waitSeconds: number): Failure {
  const { trouble: exitCode } = exitCodes;
  if (trouble === 'not taken') {
    return new Failure(
      `no listener took the command within ${formatLimit(waitSeconds)}`,
      'paste the line on the remote, or raise --wait',
      exitCode,
      'no_listener',
    );
  }
  const message =
    trouble === 'restarted'
      ? 'the listener was restarted while the command ran; the outcome is unknown'
      : 'another client reset the session; the outcome is unknown';
  return new Failure(message, 'check the remote before you repeat it', exitCode, 'lost');
}

function refuseAtOnce(availability: 'busy' | 'absent'): Failure {
  return availability === 'busy'
    ? new Failure(
        'the listener is running another command',
        'wait with --wait',
        exitCodes.trouble,
        'listener_busy',
      )
    : new Failure(
        'no listener is connected',
        'paste the line on the remote, or wait with --wait',
        exitCodes.trouble,
        'no_listener',
      );
}

async function show(context: Context, url: string, result: SlotResult, isRaw: boolean): Promise<number> {
  const { note = '' } = result;
  if (result.declined) {
    const words = note === '' ? '' : `: ${note}`;
    throw new Failure(
      `the operator declined${words}`,
      'ask the operator before you try again',
      exitCodes.declined,
    );
  }
  if (result.note !== undefined)
    throw new Failure(
      note,
      `${url} sent this instead of a result: check the remote before you repeat the command`,
      exitCodes.trouble,
      'lost',
    );
  const { stdout: sink } = await openSinks(context.io, isRaw, context.term);
  await sink.write(result.output);
  await sink.end();
  if (result.exitStatus !== null) return result.exitStatus;
  throw new Failure(
    'the command ended without an exit status',
    'its result was truncated, or its shell was killed: check the remote before you repeat it',
    exitCodes.trouble,
    'lost',
  );
}

export async function execThroughSlots(
  context: Context,
  { client, url }: OpenSession,
  script: Buffer,
  options: ExecOptions,
): Promise<number> {
  const { printer } = context;
  if (options.wait === 0) {
    const availability = readAvailability(await client.readStatus());
    if (availability !== 'free') throw refuseAtOnce(availability);
  }
  const waitSeconds = options.wait === 0 ? minWaitSeconds : options.wait;
  const stop = new AbortController();
  const hurry = new AbortController();
  const retry = {
    signal: stop.signal,
    onRetry: (error: Error) => void printer.note(`${error.message}; trying again`),
    onRecovery: () => void printer.note('the relay answers again'),
  };
  const letGo = onInterrupt((count, _isUrgent, signal) => {
    if (count > 1) hurry.abort();
    stop.abort(exitCodeOf(signal));
  });
  const watched = watchSlot(client, waitSeconds, { signal: stop.signal }).then(
    (trouble) => stop.abort(explainTrouble(trouble, waitSeconds)),
    () => undefined,
  );
  try {
    const result = await runThroughSlots(client, script, {
      ...retry,
      hurry: hurry.signal,
      onWithdrawn: (fate) => {
        const isInterrupted = typeof stop.signal.reason === 'number';
        const words =
          fate === 'dropped' && isInterrupted ? 'the command was cancelled: no listener ran it' : fates[fate];
        if (words !== '') void printer.note(words);
      },
    });
    return await show(context, url, result, options.raw === true);
  } catch (error) {
    const reason: unknown = stop.signal.reason;
    if (typeof reason === 'number') return reason;
    throw reason instanceof Failure ? reason : error;
  } finally {
    stop.abort();
    letGo();
    await watched;
  }
}
