/** `remotify end`: deletes a session on the relay and here. */
import type { Command } from 'commander';
import { RelayError } from '../../client/relay-error.ts';
import type { Run } from '../command-module.ts';
import { labelOf } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';

export function describe(command: Command): void {
  command.argument('[name]', 'stored session or key (default: the current session)');
  addHelp(command, {
    notes: ['The listener exits, and the relay deletes all output of the session.'],
    examples: ['remotify end', 'remotify end prod'],
  });
}

export const run: Run = async (context, command) => {
  const chosen = context.chosen(command.args[0]);
  if (!chosen) throw new Failure('no session to end', 'run `remotify list`', exitCodes.trouble, 'no_session');
  let wasGone = false;
  try {
    const { client } = await context.openSession(chosen);
    await client.endSession();
  } catch (error) {
    // The relay has already deleted the session: only remove it here.
    if (!(error instanceof RelayError) || error.code !== 'gone') throw error;
    wasGone = true;
  }
  const { name } = chosen;
  if (name !== undefined) {
    const { changeSettings } = await import('../../config/write-settings.ts');
    await changeSettings(context.configDir, ({ current, sessions, ...rest }) => {
      const { [name]: _ended, ...left } = sessions;
      return { ...rest, sessions: left, ...(current !== undefined && current !== name && { current }) };
    });
  }
  if (context.json) await context.printer.printJson({ session: labelOf(chosen), ended: true });
  await context.printer.note(
    `session ${labelOf(chosen)} ${wasGone ? 'had already ended; removed it here' : 'ended'}`,
  );
  return exitCodes.ok;
};
