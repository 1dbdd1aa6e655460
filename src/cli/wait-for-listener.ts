/** Waits for a listener, with progress and a limit: for `remotify new` and `remotify wait --listener`. */
import { hasListener } from '../text/describe-presence.ts';
import { withRetry } from '../client/retry.ts';
import type { Bound } from '../config/resolve-waits.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import { awaitListener, describeListener } from './await-listener.ts';
import type { Context, OpenSession } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { type Interrupt, isInterrupt } from './interrupts.ts';
import { startWaiting } from './waiting-line.ts';
import { formatLimit } from '../text/durations.ts';
import { timerMs } from './timer-limit.ts';

function failLate({ seconds, source }: Bound): Failure {
  return new Failure(
    seconds === 0
      ? 'no listener is connected'
      : `no listener connected within ${formatLimit(seconds)} (${source})`,
    'the session is still valid; paste its line when you are ready',
    exitCodes.trouble,
    'no_listener',
  );
}

/** Resolves with the status that shows a listener, or with the signal that `stop` was aborted with. */
export async function waitForListener(
  context: Context,
  { client }: OpenSession,
  bound: Bound,
  stop: AbortController,
): Promise<StatusPayload | Interrupt> {
  const { printer } = context;
  const { signal } = stop;
  const retry = {
    signal,
    onRetry: (error: Error) => void printer.note(`${error.message}; trying again`),
    onRecovery: () => void printer.note('the relay answers again'),
  };
  const words = 'waiting for the remote to connect (Ctrl-C: stop, keep the session)';
  const isAtOnce = bound.seconds === 0;
  const line = isAtOnce ? undefined : await startWaiting(context, words);
  const timer = isAtOnce ? undefined : setTimeout(() => stop.abort('time'), timerMs(bound.seconds));
  try {
    const status = isAtOnce
      ? await withRetry(() => client.readStatus({ signal }), { ...retry, retryForMs: 0 })
      : await awaitListener(client, retry);
    line?.stop();
    if (!hasListener(status)) throw failLate(bound);
    await printer.note(`connected: ${describeListener(status.listener)}`);
    return status;
  } catch (error) {
    const reason: unknown = signal.reason;
    if (!signal.aborted || error instanceof Failure) throw error;
    if (isInterrupt(reason)) return reason;
    throw failLate(bound);
  } finally {
    line?.stop();
    clearTimeout(timer);
  }
}
