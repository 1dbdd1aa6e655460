import { expect, test } from 'vitest';
import { readFacts, sourceFiles } from './source-files.ts';

/** `FILE uses NAME`, for each use outside of the allowed folders and files. */
function listUses(pattern: RegExp, allowed: readonly string[] = []): string[] {
  return sourceFiles
    .filter(({ path, room }) => !allowed.includes(room) && !allowed.includes(path))
    .flatMap(({ path, names }) =>
      names.filter((name) => pattern.test(name)).map((name) => `${path} uses ${name}`),
    );
}

test('only config/ reads the environment', () => {
  expect(listUses(/^process\.env\b/, ['config'])).toEqual([]);
  expect(listUses(/^process\.env\b/)).not.toEqual([]);
});

test('only terminal/ and main.ts use process.stdin, stdout and stderr', () => {
  const streams = /^process\.(stdin|stdout|stderr)\b/;
  expect(listUses(streams, ['terminal', 'src/main.ts'])).toEqual([]);
  expect(listUses(streams)).not.toEqual([]);
});

test('no file of src uses console', () => {
  expect(listUses(/^console\b/)).toEqual([]);
});

test('no file of src calls process.exit: pending writes to a pipe would be lost', () => {
  expect(listUses(/^process\.(exit|abort|reallyExit)\b/)).toEqual([]);
});

test('only cli/run.ts sets process.exitCode', () => {
  expect(listUses(/^process\.exitCode$/, ['src/cli/run.ts'])).toEqual([]);
});

test('no file of src passes on the process object or imports node:process: its uses would be invisible here', () => {
  expect(listUses(/^process$/)).toEqual([]);
  const importing = sourceFiles
    .filter(({ imports }) => imports.includes('node:process'))
    .map(({ path }) => path);
  expect(importing).toEqual([]);
});

test('session/, protocol/ and text/ use no clock, no random numbers and no timer', () => {
  const impure =
    /^(Date|Math\.random|performance|crypto|process|set(Timeout|Interval|Immediate)|queueMicrotask|fetch)\b/;
  const elsewhere = ['store', 'relay', 'client', 'config', 'terminal', 'runner', 'page', 'mcp', 'cli'];
  expect(listUses(impure, elsewhere)).toEqual([]);
  expect(listUses(impure)).not.toEqual([]);
});

test('on the relay only store/store-clock.ts reads the time', () => {
  const elsewhere = ['client', 'config', 'terminal', 'runner', 'page', 'mcp', 'cli'];
  const clock = 'src/store/store-clock.ts';
  expect(listUses(/^Date\.now$/, [...elsewhere, clock])).toEqual([]);
  expect(listUses(/^Date\.now$/, elsewhere)).toContain(`${clock} uses Date.now`);
});

test.each([
  ['process.env.HOME', 'process.env.HOME'],
  ["process['env']", 'process.env'],
  ['const { env } = process', 'process'],
  ['const p = process', 'process'],
  ['f(process)', 'process'],
  ['globalThis.process.exit(1)', 'process.exit'],
  ["globalThis['console'].log(1)", 'console.log'],
  ['console.log(1)', 'console.log'],
  ['const log = console.error.bind(console)', 'console.error.bind'],
  ['new Date()', 'Date'],
  ['Date.now()', 'Date.now'],
])('readFacts() finds the name in: %s', (code, name) => {
  expect(readFacts(code).names).toContain(name);
});

test('readFacts() ignores properties, strings and comments with the same name', () => {
  const { names } = readFacts(
    "const a = { process: 1, console: 2 }; a.process; 'process.exit()'; // console.log",
  );
  expect(names.filter((name) => /^(process|console)/.test(name))).toEqual([]);
});
