/** How long a command may wait before it starts: in all, for a listener, and for the operator's answer. */
import { type Bound, resolveWait } from '../../config/resolve-waits.ts';
import type { Environment } from '../../config/environment.ts';
import { maxQueueSeconds } from '../../protocol/limits.ts';
import type { ExecOptions } from './exec-options.ts';

/** With `--wait 0`: time between the push and the pick-up by a listener that is connected and free. */
export const pickUpSeconds = 5;

export interface StartBounds {
  /** `--wait`. */
  total: Bound;
  /** Undefined where only the total applies. */
  listener: Bound | undefined;
  approval: Bound | undefined;
  /** `--wait 0`: no waiting, except for the listener or the approval if its own bound is given. */
  atOnce: boolean;
  /** After this time the relay expires the command, even if this client is gone. */
  queueSeconds: number;
}

/** The total includes both parts. With `--wait 0` the parts are 0 too, unless they are given. */
export function planBounds(
  { wait, waitListener, waitApproval }: Partial<ExecOptions>,
  environment: Environment,
): StartBounds {
  const given = resolveWait(wait, environment);
  const total = { ...given, seconds: Math.min(given.seconds, maxQueueSeconds) };
  const atOnce = total.seconds === 0;
  const part = (seconds: number | undefined, source: string): Bound | undefined => {
    if (seconds === undefined) return atOnce ? total : undefined;
    return atOnce || seconds < total.seconds ? { seconds, source } : undefined;
  };
  const listener = part(waitListener, '--wait-listener');
  const approval = part(waitApproval, '--wait-approval');
  const allowed = atOnce
    ? (listener?.seconds ?? 0) + pickUpSeconds + (approval?.seconds ?? 0)
    : total.seconds;
  return { total, listener, approval, atOnce, queueSeconds: Math.min(Math.ceil(allowed), maxQueueSeconds) };
}
