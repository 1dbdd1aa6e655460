/** `remotify wait`: blocks a script until a command ends or a listener is connected. */
import { listCommands } from '../../client/list-commands.ts';
import type { Command } from 'commander';
import { awaitEnd } from '../../client/await-end.ts';
import { withRetry } from '../../client/retry.ts';
import { parseDuration } from '../../config/parse-values.ts';
import { type Bound, resolveWait } from '../../config/resolve-waits.ts';
import { isEnded, isInFlight } from '../../protocol/command-states.ts';
import type { CommandView } from '../../protocol/command-view.ts';
import { chooseCommand, requireCommands } from '../choose-command.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions, Context, OpenSession } from '../context.ts';
import { describeEnd } from '../exec/describe-end.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';
import { exitCodeOf, isInterrupt, onInterrupt } from '../interrupts.ts';
import { mergeOptions, parseWith } from '../options.ts';
import { waitForListener } from '../wait-for-listener.ts';
import { startWaiting } from '../waiting-line.ts';
import { formatLimit } from '../../text/durations.ts';
import { nameState } from '../../text/name-state.ts';
import { timerMs } from '../timer-limit.ts';

interface WaitOptions extends CommonOptions {
  listener?: boolean;
  wait?: number;
}

/** Retry limit of the first request: an unreachable relay is reported soon. */
const shortRetryForMs = 2_000;

export function describe(command: Command): void {
  command
    .argument('[id]', 'command id (default: the running command, else the newest)')
    .option('--listener', 'wait until a listener is connected')
    .option(
      '-w, --wait <duration>',
      'give up after this long; 0: check once (default: 10m or REMOTIFY_WAIT with --listener, else no limit)',
      parseWith(parseDuration),
    );
  addHelp(command, {
    notes: [
      'Waits until the command ends, prints none of its output, and exits with its status. Ctrl-C stops waiting; the command continues.',
    ],
    examples: ['remotify wait --listener -w 5m', "id=$(remotify exec -d 'make test') && remotify wait $id"],
    closing: ['Exit status: as for exec; 255 when the --wait limit is reached.'],
  });
}

async function waitListener(
  context: Context,
  session: OpenSession,
  bound: Bound,
  stop: AbortController,
): Promise<number> {
  const end = await waitForListener(context, session, bound, stop);
  if (isInterrupt(end)) return exitCodeOf(end);
  if (context.json)
    await context.printer.printJson({ session: session.label, listener: end.listener ?? null });
  return exitCodes.ok;
}

function describeWait({ id, state }: CommandView): string {
  switch (state) {
    case 'queued':
      return `waiting for command ${id}, which is queued`;
    case 'awaiting_approval':
      return `waiting for approval of command ${id}`;
    case 'running':
      return `waiting for command ${id} to end`;
    case 'finished':
    case 'timed_out':
    case 'lost':
    case 'cancelled':
    case 'expired':
    case 'declined':
      return `command ${id} ${nameState(state)}`;
  }
}

function failLate({ id, state }: CommandView, { seconds, source }: Bound): Failure {
  return new Failure(
    `command ${id} did not end within ${formatLimit(seconds)} (${source}): it is ${nameState(state)}`,
    `wait again: \`remotify wait ${id}\`, or stop it: \`remotify cancel ${id}\``,
    exitCodes.trouble,
    'not_ended',
  );
}

/** Follows the command to its end. Resolves with the exit status. */
async function waitCommand(
  context: Context,
  session: OpenSession,
  given: CommandView,
  bound: Bound | undefined,
  stop: AbortController,
): Promise<number> {
  const { printer } = context;
  if (isEnded(given.state)) return finish(context, session, given);
  if (bound?.seconds === 0) throw failLate(given, bound);
  let last = given;
  const line = await startWaiting(context, describeWait(given), async () => describeWait(last));
  const timer = bound && setTimeout(() => stop.abort('time'), timerMs(bound.seconds));
  try {
    const view = await awaitEnd(session.client, given.id, {
      signal: stop.signal,
      onState: (next) => {
        last = next;
      },
      onRetry: (error) => void printer.note(`${error.message}; trying again`),
      onRecovery: () => void printer.note('the relay answers again'),
    });
    line.stop();
    return await finish(context, session, view);
  } catch (error) {
    const reason: unknown = stop.signal.reason;
    if (isInterrupt(reason)) return exitCodeOf(reason);
    if (reason === 'time' && bound && !(error instanceof Failure)) throw failLate(last, bound);
    throw error;
  } finally {
    clearTimeout(timer);
    line.stop();
  }
}

async function finish(
  { printer, json }: Context,
  { label }: OpenSession,
  view: CommandView,
): Promise<number> {
  const { id, state, signal, reason } = view;
  if (json) printer.holdJson(view);
  const end = {
    state,
    signal,
    reason,
    exitStatus: view.exit_status,
    startedAt: view.started_at,
    durationMs: view.duration_ms,
    // Its output is not read here.
    missing: undefined,
  };
  const { exitCode, failure } = describeEnd(end, id, label);
  if (failure) throw failure;
  if (json) await printer.endJson();
  return exitCode;
}

export const run: Run = async (context, command) => {
  const options = mergeOptions<WaitOptions>(command);
  const [id] = command.args;
  if (options.listener === true && id !== undefined) {
    throw new Failure('--listener takes no command id', 'leave one of them out', exitCodes.usage);
  }
  const bound: Bound | undefined =
    options.listener === true || options.wait !== undefined
      ? resolveWait(options.wait, context.environment)
      : undefined;
  const session = await context.requireSession();
  const stop = new AbortController();
  const letGo = onInterrupt((_count, _isUrgent, signal) => stop.abort(signal));
  try {
    if (options.listener === true && bound) return await waitListener(context, session, bound, stop);
    requireCommands(session);
    const commands = await withRetry(() => listCommands(session.client), { retryForMs: shortRetryForMs });
    const running = commands.find(({ state }) => isInFlight(state));
    const wanted = chooseCommand(commands, id, running ?? commands.at(-1));
    return await waitCommand(context, session, wanted, bound, stop);
  } finally {
    letGo();
  }
};
