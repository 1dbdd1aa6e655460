/** exec on a relay of the original kind: one slot, one stream, the status in a marker line. */
import { runThroughSlots } from '../../client/run-through-slots.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { formatSeconds } from '../format.ts';
import { onInterrupt } from '../interrupts.ts';
import type { ExecOptions } from './exec-options.ts';
import { openSinks } from './output-sink.ts';

export async function execThroughSlots(
  context: Context,
  { client, url }: OpenSession,
  script: Buffer,
  options: ExecOptions,
): Promise<number> {
  const { printer, io } = context;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort('time'), options.wait * 1000);
  const letGo = onInterrupt(() => stop.abort('interrupt'));
  try {
    const result = await runThroughSlots(client, script, {
      signal: stop.signal,
      onTrouble: (error) => void printer.note(`${error.message}; trying again`),
      onRecovery: () => void printer.note('the relay answers again'),
    });
    if (result.declined) {
      const words = result.note === undefined || result.note === '' ? '' : `: ${result.note}`;
      throw new Failure(
        `the operator declined${words}`,
        'agree on it with whoever sits there',
        exitCodes.declined,
      );
    }
    if (result.note !== undefined) throw new Failure(result.note, `${url} said so in place of a result`);
    const { stdout: sink } = openSinks(io, options.raw === true, context.term);
    await sink.write(result.output);
    await sink.end();
    if (result.exitStatus !== null) return result.exitStatus;
    throw new Failure(
      'the command ended, and nobody told how',
      'its result was cut, or its shell was killed',
    );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    // What nobody picked up must not run later on behalf of nobody.
    await client.dropFromSlot().catch(() => undefined);
    if (stop.signal.reason === 'interrupt') return exitCodes.interrupted;
    throw new Failure(
      `no result within ${formatSeconds(options.wait)}`,
      'is the line pasted on the remote? give more time with --wait',
    );
  } finally {
    clearTimeout(timer);
    letGo();
  }
}
