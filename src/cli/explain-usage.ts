/** Turns commander's usage errors into a Failure with a hint, in the style of all other messages. */
import type { CommanderError } from 'commander';
import { commandTable } from './command-table.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';

/** `name`: the command that was called, if one was. */
export function explainUsage(error: CommanderError, name: string | undefined): Failure {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /\((Did you mean .*)\)/.exec(rest.join(' '))?.[1];
  const words = suggestion?.replace('Did you mean', 'did you mean');
  const hint =
    words ??
    (error.code === 'remotify.value'
      ? rest.join(' ')
      : `run \`remotify ${name === undefined || !Object.hasOwn(commandTable, name) ? '' : `${name} `}--help\``);
  return new Failure(first, hint, exitCodes.usage);
}
