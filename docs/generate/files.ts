/** All files that are written from the command line itself, by their path below `docs/`. */
import type { Command } from 'commander';
import { describePages } from './describe-page.ts';
import { renderMan } from './render-man.ts';
import { renderReference } from './render-reference.ts';

export function renderDocs(program: Command, version: string): Record<string, string> {
  const pages = describePages(program);
  const man = Object.entries(renderMan(pages, { version }));
  return {
    'reference.md': renderReference(pages),
    ...Object.fromEntries(man.map(([name, text]) => [`man/${name}`, text])),
  };
}
