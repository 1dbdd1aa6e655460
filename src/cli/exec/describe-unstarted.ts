/** Errors for a command that did not start: no listener, a busy listener, or no approval in time. */
import { hasListener } from '../../text/describe-presence.ts';
import type { Bound } from '../../config/resolve-waits.ts';
import { nameListener } from '../../protocol/name-listener.ts';
import type { CommandState } from '../../protocol/command-states.ts';
import type { StatusPayload } from '../../protocol/status-payload.ts';
import type { OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { StartBounds } from './start-bounds.ts';
import type { Awaited } from './start-timer.ts';
import { formatLimit } from '../../text/durations.ts';

const codes = { listener: 'no_listener', queue: 'listener_busy', approval: 'not_approved' } as const;

/** The bound as typed: `--wait 2s`, or `REMOTIFY_WAIT=2s`. */
function write({ source }: Bound, duration: string): string {
  return source.startsWith('--') ? `${source} ${duration}` : `${source}=${duration}`;
}

/** `2 s (--wait)`. */
function spell({ seconds, source }: Bound): string {
  return `${formatLimit(seconds)} (${source})`;
}

/** The message for a step that did not happen within `bound`. */
function describe(what: Awaited, label: string, { listener }: StatusPayload, bound: Bound): string {
  const isNow = bound.seconds === 0;
  if (what === 'listener') {
    return isNow
      ? `no listener is connected to session ${label}`
      : `no listener connected to session ${label} within ${spell(bound)}`;
  }
  if (what === 'queue') {
    const busy = `the listener of session ${label}`;
    return isNow ? `${busy} is busy` : `${busy} was still busy after ${spell(bound)}`;
  }
  if (!isNow) return `the operator did not answer within ${spell(bound)}`;
  const who = listener?.kind === 'runner' ? nameListener(listener) : 'the listener';
  return `${who} asks its operator before each command, and ${write(bound, '0')} leaves no time for an answer`;
}

function suggest(what: Awaited, bound: Bound): string {
  const longer = write(bound, bound.seconds < 600 ? '10m' : '1h');
  if (what === 'listener') return `paste its line on the remote, or wait longer: ${longer}`;
  if (what === 'queue') return `wait longer: ${longer}, or run \`remotify status\``;
  return `give the operator more time: ${bound.seconds === 0 ? '--wait-approval 5m' : longer}`;
}

/** Before the push: why a bound of 0 keeps the command from starting; undefined if the command can start. */
export function findObstacle(
  status: StatusPayload,
  label: string,
  { atOnce, listener, approval, total }: StartBounds,
): Failure | undefined {
  const fail = (what: Awaited, bound: Bound): Failure =>
    new Failure(describe(what, label, status, bound), suggest(what, bound), exitCodes.trouble, codes[what]);
  if (!hasListener(status)) return listener?.seconds === 0 ? fail('listener', listener) : undefined;
  const isBusy = status.cmd_in_flight || (status.queue_length ?? 0) > 0;
  if (atOnce && isBusy) return fail('queue', total);
  const asks = status.listener?.kind === 'runner' && status.listener.mode !== 'auto';
  return asks && approval?.seconds === 0 ? fail('approval', approval) : undefined;
}

async function findAwaited(
  { client }: OpenSession,
  id: string,
  lastState: CommandState | undefined,
  status: StatusPayload,
): Promise<Awaited> {
  if (lastState === 'awaiting_approval') return 'approval';
  // The command ended before this client saw any state. If a listener showed it to its operator, the command names that listener.
  if (lastState === undefined && (await client.readCommand(id)).listener !== null) return 'approval';
  return hasListener(status) ? 'queue' : 'listener';
}

/** The failure for a command that was cancelled or expired before it started, because a bound ran out. */
export async function describeUnstarted(
  session: OpenSession,
  id: string,
  bounds: StartBounds,
  { missed, lastState }: { missed: Awaited | undefined; lastState: CommandState | undefined },
): Promise<Failure> {
  const { total } = bounds;
  try {
    const status = await session.client.readStatus();
    const what = missed ?? (await findAwaited(session, id, lastState, status));
    const own = what === 'queue' || missed === undefined ? undefined : bounds[what];
    const bound = own ?? total;
    return new Failure(
      `command ${id} never ran: ${describe(what, session.label, status, bound)}`,
      suggest(what, bound),
      exitCodes.trouble,
      codes[what],
    );
  } catch {
    return new Failure(
      `command ${id} never ran: it did not start within ${spell(total)}`,
      'run `remotify status`',
      exitCodes.trouble,
      'expired',
    );
  }
}
