/** `remotify use`: makes a stored session the current one. */
import type { Command } from 'commander';
import type { Run } from '../command-module.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';
import { quote } from '../../text/quote.ts';

export function describe(command: Command): void {
  command.argument('<name>', 'stored session');
  addHelp(command, { examples: ['remotify use prod'] });
}

export const run: Run = async (context, command) => {
  const name = command.args[0] ?? '';
  const { changeSettings } = await import('../../config/write-settings.ts');
  await changeSettings(context.configDir, (settings) => {
    if (!Object.hasOwn(settings.sessions, name)) {
      throw new Failure(
        `no stored session is called ${quote(name)}`,
        'run `remotify list`',
        exitCodes.usage,
        'no_such_session',
      );
    }
    return { ...settings, current: name };
  });
  if (context.json) await context.printer.printJson({ current: name });
  await context.printer.note(`the current session is now ${name}`);
  return exitCodes.ok;
};
