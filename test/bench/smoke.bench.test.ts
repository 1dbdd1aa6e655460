import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { ratiosOf, spreadOf } from './kit/figures.ts';
import { makeRow, type Row } from './kit/rows.ts';
import { formatNumber, type Results } from './kit/table.ts';

// These tests do not check speed, only that each group runs and each row has a figure or the reason why not.

const script = fileURLToPath(new URL('run.ts', import.meta.url));

const groupNames = [
  'start-up',
  'wire',
  'held',
  'bulk',
  'first-byte',
  'growth',
  'scale',
  'listener',
  'durability',
  'shared',
];

async function runBench(folder: string, ...args: string[]) {
  const bench = spawnCaptured(process.execPath, ['--import', 'tsx', script, ...args], {
    env: cleanEnvironment(folder),
  });
  const ended = withDeadline(bench.closed, 280_000, 'the benchmark').finally(() =>
    bench.child.kill('SIGTERM'),
  );
  const { code } = await ended;
  return { code, stdout: bench.stdout().toString('utf8'), stderr: bench.stderr() };
}

describe('the short form of the benchmark, all groups', () => {
  let code: number | null;
  let markdown: string;
  let stderr: string;
  let results: Results;
  let rows: Row[];
  let history: string[];

  beforeAll(async () => {
    const folder = await makeTemporaryFolder();
    const at = (name: string): string => join(folder.path, name);
    await writeFile(at('history'), '{"earlier": true}\n');
    const files = ['--json', at('json'), '--markdown', at('markdown'), '--history', at('history')];
    const ran = await runBench(folder.path, '--short', ...files);
    ({ code, stderr } = ran);
    markdown = await readFile(at('markdown'), 'utf8');
    expect(ran.stdout).toBe(markdown);
    results = JSON.parse(await readFile(at('json'), 'utf8')) as Results;
    rows = results.groups.flatMap((group) => group.rows);
    history = (await readFile(at('history'), 'utf8')).trimEnd().split('\n');
    await folder.remove();
  }, 300_000);

  test('every group runs to its end', () => {
    expect(results.groups.map(({ name, failure }) => [name, failure])).toEqual(
      groupNames.map((name) => [name, undefined]),
    );
    expect([code, stderr.split('\n').filter((line) => !line.startsWith('bench: '))]).toEqual([0, ['']]);
    for (const { name, rows: own } of results.groups) expect(own.length, name).toBeGreaterThan(1);
  });

  test('every row has a figure, or the reason why it was skipped', () => {
    for (const { id, figure, ratio, base, goal, isMet, skipped } of rows) {
      if (skipped !== undefined) {
        expect(skipped, id).toMatch(/^no /);
        expect([figure, ratio, goal], id).toEqual([undefined, undefined, undefined]);
        continue;
      }
      for (const spread of ratio ? [figure, ratio] : [figure]) {
        expect(spread?.median, id).toBeTypeOf('number');
        expect(spread?.min, id).toBeLessThanOrEqual(spread?.median ?? Number.NaN);
        expect(spread?.max, id).toBeGreaterThanOrEqual(spread?.median ?? Number.NaN);
      }
      expect(ratio !== undefined, id).toBe(base !== undefined);
      expect(isMet !== undefined, id).toBe(goal !== undefined);
    }
  });

  test('the ids of all rows are unique', () => {
    const ids = rows.map(({ id }) => id);
    expect(ids.filter((id, nth) => ids.indexOf(id) !== nth)).toEqual([]);
  });

  test('the table in Markdown has the rows of the JSON, in the same order', () => {
    const lines = markdown.split('\n').filter((line) => /^\| (?!what \|)/.test(line));
    expect(lines.length).toBe(rows.length);
    for (const [nth, { name, unit, figure, ratio, base, goal, isMet, skipped }] of rows.entries()) {
      const [what, measured, beside, wanted, met] = (lines[nth] ?? '')
        .split('|')
        .slice(1)
        .map((cell) => cell.trim());
      expect([what, wanted], name).toEqual([name, goal ?? '']);
      expect(met?.replaceAll('*', ''), name).toBe(isMet === undefined ? '' : isMet ? 'yes' : 'no');
      if (!figure) {
        expect(measured, name).toBe(`skipped: ${skipped}`);
        continue;
      }
      expect(measured, name).toContain(`${formatNumber(figure.median)} ${unit}`.trim());
      expect(beside, name).toContain(ratio ? formatNumber(ratio.median) : '');
      expect(beside?.endsWith(base ?? ''), name).toBe(true);
    }
  });

  test('Markdown and JSON have the machine, the versions and the commit', () => {
    const { machine, commit, form } = results;
    expect(form).toBe('short');
    for (const word of [machine.cpu, machine.kernel, process.version, commit])
      expect(markdown).toContain(word);
    expect([machine.cores, machine.memory_gib].every((count) => count > 0)).toBe(true);
  });

  test('the history gets one line with all ratios by row id', () => {
    expect(history.length).toBe(2);
    const line = JSON.parse(history[1] ?? '') as Record<string, unknown> & { ratios: Record<string, number> };
    expect(line).toMatchObject({
      date: results.date,
      commit: results.commit,
      form: 'short',
      node: process.version,
    });
    expect(Object.keys(line.ratios)).toEqual(rows.filter(({ ratio }) => ratio).map(({ id }) => id));
  });
});

test('an unknown group: the benchmark lists the known groups and runs none', async () => {
  const folder = await makeTemporaryFolder();
  const { code, stdout, stderr } = await runBench(folder.path, '--only', 'wires');
  await folder.remove();
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`no group wires; there are ${groupNames.join(', ')}`);
});

describe('the figures of a row', () => {
  test('the median of an even number of values is between the two in the middle', () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  });

  test('each ratio compares values of the same round', () => {
    expect(ratiosOf([10, 40], [5, 10])).toEqual([2, 4]);
  });

  test('a goal applies to the ratio if there is one, otherwise to the figure', () => {
    const entry = { id: 'a', name: 'a', unit: 'ms', values: [30], base: { name: 'b', values: [10] } };
    expect(makeRow({ ...entry, goal: { atMost: 2.9 } })).toMatchObject({ goal: '≤ 2.9 ×', isMet: false });
    expect(makeRow({ ...entry, goal: { atLeast: 3 } })).toMatchObject({ goal: '≥ 3 ×', isMet: true });
    expect(makeRow({ ...entry, goal: { atMost: 30 }, isGoalOfFigure: true })).toMatchObject({
      goal: '≤ 30 ms',
      isMet: true,
    });
  });
});
