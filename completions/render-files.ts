/** Renders the completion files for all shells. */
import type { Command } from 'commander';
import { describeCli } from './describe-cli.ts';
import { renderBash } from './render-bash.ts';
import { renderFish } from './render-fish.ts';
import { renderZsh } from './render-zsh.ts';

/** The text of each completion file, by its name in this folder. */
export function renderFiles(program: Command): Record<string, string> {
  const commands = describeCli(program);
  return {
    'remotify.bash': renderBash(commands),
    _remotify: renderZsh(commands),
    'remotify.fish': renderFish(commands),
  };
}
