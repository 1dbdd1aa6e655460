/** `remotify history`: lists the last commands of a session. */
import { listCommands } from '../../client/list-commands.ts';
import type { Command } from 'commander';
import { parseCount } from '../../config/parse-values.ts';
import type { CommandView } from '../../protocol/command-view.ts';
import { openMeasure } from '../../terminal/text-width.ts';
import { requireCommands } from '../choose-command.ts';
import type { Run } from '../command-module.ts';
import type { CommonOptions } from '../context.ts';
import { describeOutcome, describePusher, describeText } from '../../text/describe-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatTable } from '../format.ts';
import { addHelp } from '../help-format.ts';
import { mergeOptions, parseWith } from '../options.ts';
import { formatDuration } from '../../text/durations.ts';
import { formatTime } from '../times.ts';

interface HistoryOptions extends CommonOptions {
  last: number;
}

const defaultLast = 20;

export function describe(command: Command): void {
  command.option(
    '-n, --last <number>',
    'how many commands to list, the newest last; 0 lists all',
    parseWith((text) => parseCount(text)),
    defaultLast,
  );
  addHelp(command, {
    notes: [
      'Columns: id, time of the push, who pushed it, state, exit status, duration, first line of the command.',
      'On a terminal lines are cut to its width.',
    ],
    examples: ['remotify history', 'remotify history -n 5', 'remotify history --json'],
  });
}

function renderRow(command: CommandView): string[] {
  const { id, state, pushed_at: pushedAt, duration_ms: durationMs } = command;
  return [
    id,
    formatTime(pushedAt),
    describePusher(command),
    state,
    describeOutcome(command),
    durationMs === null ? '' : formatDuration(durationMs),
    describeText(command),
  ];
}

export const run: Run = async (context, command) => {
  const { last } = mergeOptions<HistoryOptions>(command);
  const session = await context.requireSession();
  requireCommands(session);
  const all = await listCommands(session.client);
  const commands = last === 0 ? all : all.slice(-last);
  const { printer } = context;
  if (context.json) {
    await printer.printJson({ relay: session.url, session: session.label, commands });
    return exitCodes.ok;
  }
  if (commands.length === 0) await printer.note(`session ${session.label} has no commands yet`);
  const rows = commands.map(renderRow);
  const measure = await openMeasure(rows.flat());
  if (rows.length > 0) await printer.print(formatTable(rows, { columns: context.columns, measure }));
  return exitCodes.ok;
};
