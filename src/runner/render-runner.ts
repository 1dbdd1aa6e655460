/** The script that a remote pipes into bash: a whole file, with quoted values put into the group that it consists of. */
import { readFileSync } from 'node:fs';
import { quoteForShell } from '../protocol/quote-for-shell.ts';

const source = readFileSync(new URL('./runner.sh', import.meta.url), 'utf8');
// Without its shebang: the group opens with the first byte, so that a copy cut after any number of them is an error to bash.
const script = source.slice(source.indexOf('\n') + 1);
const openingEnd = script.indexOf('\n') + 1;

export interface RunnerValues {
  /** Base URL of the relay, no slash at its end. */
  url: string;
  listenerKey: string;
  mode: 'supervised' | 'auto';
}

export function renderRunner(values: RunnerValues): string {
  const lines = [
    `REMOTIFY_URL=${quoteForShell(values.url)}`,
    `REMOTIFY_LISTENER_KEY=${quoteForShell(values.listenerKey)}`,
    `REMOTIFY_MODE=${quoteForShell(values.mode)}`,
  ];
  return `${script.slice(0, openingEnd)}${lines.join('\n')}\n${script.slice(openingEnd)}`;
}
