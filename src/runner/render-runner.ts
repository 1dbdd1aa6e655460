/** Renders the script that a remote pipes into bash: the runner plus the values of one listener. */
import { quoteForShell } from '../protocol/quote-for-shell.ts';
import { runnerSource, valuesMark } from './runner-source.ts';

const valuesAt = runnerSource.indexOf(`${valuesMark}\n`) + valuesMark.length + 1;

export interface RunnerValues {
  /** Base URL of the relay, without a trailing slash. */
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
  return `${runnerSource.slice(0, valuesAt)}${lines.join('\n')}\n${runnerSource.slice(valuesAt)}`;
}
