/**
 * `npm run bench`: runs all groups and prints one table. `--short` runs a little of each group, `--only wire,bulk` only some groups,
 * `--json FILE` and `--markdown FILE` write the results. A full run adds its ratios to the history; `--history FILE` adds any run to FILE.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Ends } from './kit/ends.ts';
import type { Group, GroupResult } from './kit/group.ts';
import { appendHistory } from './kit/history.ts';
import { describeMachine } from './kit/machine.ts';
import { endOwnProcesses } from './kit/own-process.ts';
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

/** After an interruption the running group has this long to end its processes; then the benchmark exits. */
const interruptMs = 20_000;

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
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
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
  const fail = (what: string, error: unknown): void => {
    const reason = error instanceof Error ? error.message.trim() : String(error);
    result.failure = [result.failure, `${what}: ${reason}`].filter(Boolean).join('; ');
    say(`${what}: ${error instanceof Error ? error.stack : reason}`);
  };
  say('started');
  try {
    await group.run({
      isShort: options.short,
      ends,
      add: (entry) => void result.rows.push(makeRow(entry)),
      skip: (id, what, skipped) => void result.rows.push({ id, name: what, unit: '', skipped }),
      fail,
      say,
    });
  } catch (error) {
    fail('the group failed', error);
  }
  await ends.endAll().catch((error: unknown) => fail('cleanup failed', error));
  return result;
}

/** After a signal: resolves with the exit status once the cleanup is done. */
let interruption: Promise<number> | undefined;

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    // The running group fails because its processes are gone, and the run ends.
    endOwnProcesses();
    const leave = (): number => status;
    interruption = ends.close().then(leave, leave);
    setTimeout(() => process.exit(status), interruptMs).unref();
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
for (const group of chosen) {
  results.groups.push(await runGroup(group));
  // A run takes long: write the results so far, in case of an interruption.
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  const status = await interruption;
  if (status !== undefined) process.exit(status);
}

const markdown = renderMarkdown(results);
process.stdout.write(markdown);
if (options.markdown !== undefined) writeFileSync(options.markdown, markdown);
const isSound = results.groups.every(({ failure }) => failure === undefined);
const ownHistory = fileURLToPath(new URL('../../docs/benchmark-history.jsonl', import.meta.url));
const history = options.history ?? (results.form === 'full' && isSound ? ownHistory : undefined);
if (history !== undefined) {
  appendHistory(history, results);
  process.stderr.write(`bench: added the ratios to ${history}\n`);
}
process.exitCode = isSound ? 0 : 1;
