import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import { refusals } from '../../src/protocol/errors.ts';
import { routes } from '../../src/protocol/routes.ts';

const compare = (a: string, b: string): number => (a < b ? -1 : 1);

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The rows of the table under a head, cells without their marks. */
function readTable(text: string, head: string): string[][] {
  const [, after = ''] = text.split(`${head}\n`);
  const rows: string[][] = [];
  for (const line of after.split('\n').slice(1)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
  }
  return rows;
}

test('the reference of the wire names every refusal with its status, and no other', () => {
  const table = readTable(read('src/protocol/README.md'), '| code | status |');
  const code = Object.entries(refusals).map(([name, { status }]) => [name, String(status)]);
  expect(table.map(String).toSorted(compare)).toEqual(code.map(String).toSorted(compare));
});

test('the reference of the wire names every route with its methods and who may use it, and no other', () => {
  const table = readTable(read('src/protocol/README.md'), '| route | methods | access |');
  const code = Object.values(routes).map(({ path, methods }) => {
    const access = Object.values(methods);
    const isOne = new Set(access).size === 1;
    return [path, Object.keys(methods).join(' '), isOne ? access[0] : access.join(' ')];
  });
  expect(table.map(String).toSorted(compare)).toEqual(code.map(String).toSorted(compare));
});

test('the README names every command', () => {
  const text = read('README.md');
  for (const name of Object.keys(commandTable))
    expect(text, name).toMatch(new RegExp(`\`(?:remotify )?${name}\\b`));
});

test('the README has the two commands that CI runs', () => {
  const text = read('README.md');
  expect(text).toContain('<!-- demo -->\n```sh\nnpm ci && npm run demo\n```\n');
  expect(text).toContain('<!-- test -->\n```sh\nnpm ci && npm test\n```\n');
});
