/** `remotify reset` */
import type { Command } from 'commander';
import type { Run } from '../command-module.ts';
import { exitCodes } from '../exit-codes.ts';

export function describe(command: Command): void {
  command.addHelpText(
    'after',
    '\nDrops what waits, stops what runs, clears unread results. Key and listener live on.\n\nExamples:\n  $ remotify reset -s prod',
  );
}

export const run: Run = async (context) => {
  const { client, label } = await context.requireSession();
  const cleared = await client.resetSession();
  if (context.json) {
    await context.printer.printJson({ reset: true, cleared });
    return exitCodes.ok;
  }
  const words = {
    cmd_queued: 'queued commands',
    result_queued: 'an unread result',
    cmd_was_in_flight: 'a command in flight',
  };
  const found = Object.entries(words).flatMap(([name, text]) => (cleared[name] === true ? [text] : []));
  await context.printer.note(
    `session ${label} is reset: ${found.length === 0 ? 'nothing was stuck' : `cleared ${found.join(', ')}`}`,
  );
  return exitCodes.ok;
};
