import { describe, expect, test } from 'vitest';
import { listCircles, readGraph } from './import-circles.ts';
import { readFacts, sourceFiles } from './source-files.ts';

test('no import cycle in src, dynamic and type imports included', () => {
  expect(listCircles(readGraph(sourceFiles))).toEqual([]);
});

describe('listCircles() finds a cycle through:', () => {
  test.each([
    ['import', "import { a } from './a.ts'"],
    ['import type', "import type { A } from './a.ts'"],
    ['an import() that is called later', "export const load = () => import('./a.ts')"],
    ['a type written as import()', "export type A = import('./a.ts').A"],
    ['export from', "export * from './a.ts'"],
  ])('%s', (_title, code) => {
    const plant = (path: string, text: string) => ({ path, ...readFacts(text) });
    const files = [
      plant('src/room/main.ts', "import { a } from './a.ts'"),
      plant('src/room/a.ts', "import { b } from './b/b.ts'; import { c } from './c.ts'"),
      plant('src/room/b/b.ts', "import { c } from '../c.ts'"),
    ];
    expect(listCircles(readGraph([...files, plant('src/room/c.ts', '')]))).toEqual([]);
    expect(listCircles(readGraph([...files, plant('src/room/c.ts', code)]))).toEqual([
      'src/room/a.ts -> src/room/b/b.ts -> src/room/c.ts -> src/room/a.ts',
      'src/room/a.ts -> src/room/c.ts -> src/room/a.ts',
    ]);
  });

  test('a file that imports itself', () => {
    expect(listCircles(new Map([['a.ts', ['a.ts']]]))).toEqual(['a.ts -> a.ts']);
  });

  test('a new command in src that imports the table of commands', () => {
    const path = 'src/cli/commands/list.ts';
    const graph = readGraph([...sourceFiles, { path, imports: ['../command-table.ts'] }]);
    expect(listCircles(graph)).toEqual([`src/cli/command-table.ts -> ${path} -> src/cli/command-table.ts`]);
  });
});
