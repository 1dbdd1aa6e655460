/**
 * The source text of the runner, joined from its parts. The build writes it to dist/runner.sh and replaces this module with one that
 * reads that file.
 */
import { readFileSync } from 'node:fs';

/** The parts in the order in which they are joined, one concern each. A part lists at its top its variables that others read. */
export const partNames = [
  'basics',
  'folder',
  'transfer',
  'relay',
  'frame',
  'letters',
  'rows',
  'show',
  'leftovers',
  'judge',
  'ask',
  'tree',
  'background',
  'command',
  'input',
  'intact',
  'streams',
  'drain',
  'gutter',
  'send',
  'upload',
  'result',
  'run',
  'serve',
  'life',
] as const;

/** The relay inserts the values of the listener after this line. */
export const valuesMark = '# Values of this listener:';

const readPart = (name: string): string => readFileSync(new URL(`./${name}.sh`, import.meta.url), 'utf8');

function joinParts(): string {
  // One group around the whole script: for a truncated copy, bash reports a syntax error and runs nothing.
  const opening = `{ # One group, closed by the last line.\n${valuesMark}\n`;
  return [
    readPart('preamble'),
    opening,
    ...partNames.map((name) => `${readPart(name)}\n`),
    'main "$@"\n}\n',
  ].join('');
}

export const runnerSource: string = joinParts();
