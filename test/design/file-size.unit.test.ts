import { expect, test } from 'vitest';
import { listSourceFiles, readSource } from './source-files.ts';

const longest = 250;

function countLines(path: string): number {
  return readSource(path).replace(/\n$/, '').split('\n').length;
}

test(`no file of src/ is longer than ${longest} lines`, () => {
  const files = listSourceFiles().filter((path) => path.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(80);
  const long = files
    .map((path) => ({ path, lines: countLines(path) }))
    .filter(({ lines }) => lines > longest)
    .map(({ path, lines }) => `${path}: ${lines}`);
  expect(long).toEqual([]);
});

test('no file or folder is named utils, common, helpers, misc, shared or types', () => {
  const drawers = listSourceFiles().filter((path) =>
    /\b(utils?|common|helpers?|misc|shared|types)\b/i.test(path),
  );
  expect(drawers).toEqual([]);
});

test('files are named in kebab-case', () => {
  const odd = listSourceFiles()
    .filter((path) => path.endsWith('.ts'))
    .filter((path) => !/^src(\/[a-z0-9]+(-[a-z0-9]+)*)+(\.d)?\.ts$/.test(path));
  expect(odd).toEqual([]);
});
