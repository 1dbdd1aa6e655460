/** The wait of `remotify new`: with a spinner on a terminal, until the listener connects. */
import { startSpinner } from '../terminal/spinner.ts';
import { awaitListener, describeListener } from './await-listener.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { formatSeconds } from './format.ts';
import type { MadeSession } from './make-session.ts';

/** Resolves with the exit status. `stop` is aborted with `interrupt` by a signal. */
export async function waitForListener(
  context: Context,
  { name, stored }: MadeSession,
  seconds: number,
  stop: AbortController,
): Promise<number> {
  const { printer, io } = context;
  const { client } = await context.openSession({ name, ...stored });
  const timer = setTimeout(() => stop.abort('time'), seconds * 1000);
  const spinner = await startSpinner(
    io.stderr,
    'waiting for the remote to connect (Ctrl-C stops waiting; the session stays)',
    {
      term: context.term,
      quiet: printer.options.quiet || context.json,
    },
  );
  try {
    const { listener } = await awaitListener(client, { signal: stop.signal });
    spinner.stop();
    await printer.note(`connected: ${describeListener(listener)}`);
    return exitCodes.ok;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    spinner.stop();
    if (stop.signal.reason === 'interrupt') return exitCodes.interrupted;
    throw new Failure(
      `no listener connected within ${formatSeconds(seconds)}`,
      'the session is still valid; paste its line when you are ready',
      exitCodes.trouble,
      'no_listener',
    );
  } finally {
    spinner.stop();
    clearTimeout(timer);
  }
}
