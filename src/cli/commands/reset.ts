/** `remotify reset`: cancels queued commands and stops the running one. */
import { resetSession } from '../../client/reset-session.ts';
import type { Command } from 'commander';
import type { Run } from '../command-module.ts';
import { exitCodes } from '../exit-codes.ts';
import { addHelp } from '../help-format.ts';

export function describe(command: Command): void {
  addHelp(command, {
    notes: [
      'Cancels queued commands, stops the running one, clears unread results. The key and listener stay valid.',
    ],
    examples: ['remotify reset -s prod'],
  });
}

export const run: Run = async (context) => {
  const { client, label } = await context.requireSession();
  const cleared = await resetSession(client);
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
    `reset session ${label}: ${found.length === 0 ? 'nothing to clear' : `cleared ${found.join(', ')}`}`,
  );
  return exitCodes.ok;
};
