/**
 * `npm run bench`: all groups in one run, as one table. `--short` runs a little of everything, `--only wire,bulk` some groups, `--json FILE`
 * and `--markdown FILE` write the results. A full run adds its ratios to the history; `--history FILE` adds those of any run to that file.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Ends } from './kit/ends.ts';
import type { Group, GroupResult } from './kit/group.ts';
import { appendHistory } from './kit/history.ts';
import { describeMachine } from './kit/machine.ts';
import { makeRow } from './kit/rows.ts';
import { renderMarkdown, type Results } from './kit/table.ts';
import { bulk } from './bulk.ts';
import { durability } from './durability.ts';
import { firstByte } from './first-byte.ts';
import { growth } from './growth.ts';
import { held } from './held.ts';
import { listenerGroup } from './listener.ts';
import { scale } from './scale.ts';
import { shared } from './shared.ts';
import { startUp } from './start-up.ts';
import { wire } from './wire.ts';

const groups: readonly Group[] = [
  startUp,
  wire,
  held,
  bulk,
  firstByte,
  growth,
  scale,
  listenerGroup,
  durability,
  shared,
];

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    history: { type: 'string' },
  },
});

function chooseGroups(only: string | undefined): readonly Group[] {
  if (only === undefined) return groups;
  const names = only.split(',');
  const unknown = names.find((name) => !groups.some((group) => group.name === name));
  if (unknown !== undefined)
    throw new Error(`no group ${unknown}; there are ${groups.map(({ name }) => name).join(', ')}`);
  return groups.filter(({ name }) => names.includes(name));
}

function readCommit(): string {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const git = (...args: string[]): string => execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'src') === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}

const ends = new Ends();

async function runGroup(group: Group): Promise<GroupResult> {
  const { name, title, notes } = group;
  const result: GroupResult = { name, title, notes, rows: [] };
  const say = (text: string): void => void process.stderr.write(`bench: ${name}: ${text}\n`);
  say('begins');
  try {
    await group.run({
      isShort: options.short,
      ends,
      add: (entry) => void result.rows.push(makeRow(entry)),
      skip: (id, what, skipped) => void result.rows.push({ id, name: what, unit: '', skipped }),
      say,
    });
  } catch (error) {
    result.failure = error instanceof Error ? error.message : String(error);
    process.stderr.write(`bench: ${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
  await ends.endAll();
  return result;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    const leave = (): never => process.exit(signal === 'SIGINT' ? 130 : 143);
    void ends.endAll().then(leave, leave);
  });
}

const chosen = chooseGroups(options.only);
const results: Results = {
  date: new Date().toISOString(),
  commit: readCommit(),
  form: options.short ? 'short' : chosen.length < groups.length ? 'partial' : 'full',
  machine: describeMachine(),
  groups: [],
};
for (const group of chosen) results.groups.push(await runGroup(group));

const markdown = renderMarkdown(results);
process.stdout.write(markdown);
if (options.markdown !== undefined) writeFileSync(options.markdown, markdown);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
const isSound = results.groups.every(({ failure }) => failure === undefined);
const ownHistory = fileURLToPath(new URL('../../docs/benchmark-history.jsonl', import.meta.url));
const history = options.history ?? (results.form === 'full' && isSound ? ownHistory : undefined);
if (history !== undefined) appendHistory(history, results);
process.exitCode = isSound ? 0 : 1;
