/** `remotify cancel`: cancels a queued command or stops the running one, and prints the outcome. */
import { listCommands } from '../../client/list-commands.ts';
import { dropFromSlot } from '../../client/slots.ts';
import type { Command } from 'commander';
import { type StopOutcome, stopCommand } from '../../client/stop-command.ts';
import { ConfigError } from '../../config/config-error.ts';
import { type CommandState, isInFlight, isSignal, type Signal } from '../../protocol/command-states.ts';
import type { CommandView } from '../../protocol/command-view.ts';
import { killAfterSeconds } from '../../protocol/limits.ts';
import { chooseCommand } from '../choose-command.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions, Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { addHelp } from '../help-format.ts';
import { mergeOptions, parseWith } from '../options.ts';
import { quote } from '../../text/quote.ts';
import { nameState } from '../../text/name-state.ts';

interface CancelOptions extends CommonOptions {
  signal: Signal;
}

function parseSignal(text: string): Signal {
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (isSignal(name)) return name;
  throw new ConfigError(`no such signal: ${quote(text)}`, 'INT, TERM or KILL');
}

export function describe(command: Command): void {
  command
    .argument('[id]', 'command id (default: the running command, else the next queued one)')
    .option('--signal <name>', 'INT, TERM or KILL', parseWith(parseSignal), 'TERM');
  addHelp(command, {
    notes: [
      `A command that ignores INT or TERM gets SIGKILL after ${killAfterSeconds} seconds; after INT only if cancel still runs then.`,
      'Prints the outcome: cancelled (it never ran), stopped, unconfirmed (the listener has not reported the end), or already ended.',
    ],
    examples: ['remotify cancel', 'remotify cancel c7 --signal KILL'],
  });
}

type Outcome = StopOutcome | 'nothing to cancel';

async function report(
  context: Context,
  outcome: Outcome,
  id: string | null,
  view?: CommandView,
): Promise<number> {
  const { printer } = context;
  const state: CommandState | null = view?.state ?? null;
  if (context.json) await printer.printJson({ id, outcome, state, exit_status: view?.exit_status ?? null });
  else if (id === null) await printer.print(outcome);
  else
    await printer.print(
      `${id} ${state !== null && outcome === 'ended before' ? `already ${nameState(state)}` : outcome}`,
    );
  return outcome === 'unconfirmed' ? exitCodes.trouble : exitCodes.ok;
}

async function cancelSlot(context: Context, { client }: OpenSession): Promise<number> {
  const { cmd_queued: queued, cmd_in_flight: busy } = await client.readStatus();
  if (!queued) return report(context, busy ? 'unconfirmed' : 'nothing to cancel', null);
  await dropFromSlot(client);
  return report(context, 'cancelled', null);
}

/** After TERM the listener sends KILL, after INT this client does. */
function describeKill(signal: Signal): string {
  if (signal === 'KILL') return '';
  return signal === 'TERM'
    ? `; SIGKILL follows in ${killAfterSeconds} s if needed`
    : `; waiting ${killAfterSeconds} s, then sending SIGKILL if needed`;
}

export const run: Run = async (context, command) => {
  const options = mergeOptions<CancelOptions>(command);
  const session = await context.requireSession();
  if (session.dialect === 'slots') return cancelSlot(context, session);
  const commands = await listCommands(session.client);
  const wanted =
    commands.find(({ state }) => isInFlight(state)) ?? commands.find(({ state }) => state === 'queued');
  const given = command.args[0];
  if (given === undefined && !wanted) return report(context, 'nothing to cancel', null);
  const { id } = chooseCommand(commands, given, wanted);
  const { outcome, command: view } = await stopCommand(session.client, id, options.signal, () =>
    context.printer.note(`sent SIG${options.signal} to ${id}${describeKill(options.signal)}`),
  );
  return report(context, outcome, id, view);
};
