/** `remotify list` */
import type { Command } from 'commander';
import type { Run } from '../command-module.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatTable } from '../format.ts';

export function describe(command: Command): void {
  command.addHelpText(
    'after',
    '\nThe current one is marked with a star.\n\nExamples:\n  $ remotify list\n  $ remotify list --json',
  );
}

export const run: Run = async (context) => {
  const { sessions, current } = context.settings();
  const names = Object.keys(sessions);
  if (context.json) {
    const rows = names.map((name) => ({
      name,
      current: name === current,
      url: sessions[name]?.url,
      created_at: sessions[name]?.createdAt,
    }));
    await context.printer.printJson({ sessions: rows });
    return exitCodes.ok;
  }
  if (names.length === 0) await context.printer.note('no sessions are stored; make one with `remotify new`');
  const rows = names.map((name) => [name === current ? '*' : ' ', name, sessions[name]?.url ?? '']);
  if (rows.length > 0) await context.printer.print(formatTable(rows));
  return exitCodes.ok;
};
