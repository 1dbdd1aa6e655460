/** What a file in commands/ exports. */
import type { Command } from 'commander';
import type { Context } from './context.ts';

/** Resolves with the exit code. */
export type Run = (context: Context, command: Command) => Promise<number>;

export interface CommandModule {
  /** Adds arguments, options and examples; `run` gets them from the commander command. */
  describe(command: Command): void;
  run: Run;
}
