/** `remotify end` */
import type { Command } from 'commander';
import { RelayError } from '../../client/relay-error.ts';
import type { Run } from '../command-module.ts';
import { labelOf } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';

export function describe(command: Command): void {
  command
    .argument('[name]', 'a stored session or a key; the current one by default')
    .addHelpText(
      'after',
      '\nIts listener ends, and all of its output is deleted.\n\nExamples:\n  $ remotify end\n  $ remotify end prod',
    );
}

export const run: Run = async (context, command) => {
  const chosen = context.chosen(command.args[0]);
  if (!chosen) throw new Failure('there is no session to end', 'see `remotify list`');
  let wasGone = false;
  try {
    const { client } = await context.openSession(chosen);
    await client.endSession();
  } catch (error) {
    // Already over there: what is left is to forget it here.
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
    `session ${labelOf(chosen)} ${wasGone ? 'was over already; it is forgotten here' : 'is ended'}`,
  );
  return exitCodes.ok;
};
