/** `remotify agents`: prints the rules for agents that have only a shell and curl. */
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import type { Run } from '../command-module.ts';
import { exitCodes } from '../exit-codes.ts';
import { addHelp } from '../help-format.ts';

export function describe(command: Command): void {
  addHelp(command, {
    examples: ['remotify agents >> AGENTS.md', 'remotify agents --url https://relay.example > AGENTS.md'],
  });
}

export const run: Run = async (context) => {
  const text = readFileSync(new URL('./agents.md', import.meta.url), 'utf8');
  await context.printer.print(text.replaceAll('{url}', context.url()));
  return exitCodes.ok;
};
