/** Every test file is of exactly one kind, and a unit test needs nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { listFiles, root } from '../harness/list-files.ts';
import { type KindName, kindOf, kinds, patternOf } from '../projects.ts';

const files = listFiles(['test'], /\.test\.ts$/);

/** As the globs of vitest. */
function matches(pattern: string, path: string): boolean {
  const source = pattern
    .replace('test/**/', 'test/(?:.+/)?')
    .replace('+([^.])', '[^./]+')
    .replace('*.', '[^/]+\\.')
    .replaceAll(/\.(?=test|ts)/g, '\\.');
  return new RegExp(`^${source}$`).test(path);
}

test('every test file is of exactly one kind', () => {
  const names = Object.keys(kinds) as KindName[];
  const odd = files.filter((path) => names.filter((name) => matches(patternOf(name), path)).length !== 1);
  expect(odd).toEqual([]);
});

test('the kind in the name of a test file matches the pattern of this kind', () => {
  const wrong = files.filter((path) => {
    const kind = kindOf(path);
    return kind === undefined || !matches(patternOf(kind), path);
  });
  expect(wrong).toEqual([]);
});

test('a command of package.json runs each kind', () => {
  const scripts = Object.values(packageFile.scripts).join('\n');
  const missing = Object.keys(kinds).filter((name) => !new RegExp(`--project ${name}\\b`).test(scripts));
  expect(missing).toEqual([]);
});

/** The modules that a test file loads, those of the project followed. */
function modulesOf(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, specifier = ''] of readFileSync(join(root, path), 'utf8').matchAll(/\bfrom '([^']+)'/g)) {
    if (!specifier.startsWith('.')) seen.add(specifier);
    else if (specifier.endsWith('.ts')) {
      const next = normalize(join(dirname(path), specifier));
      // Code of a planted example in a text names files that do not exist.
      if (next.startsWith('test/') && existsSync(join(root, next))) modulesOf(next, seen);
    }
  }
  return seen;
}

test('a unit test starts no process, no server and no browser', () => {
  const parts = ['node:child_process', 'node:net', 'node:http', 'node:tls', 'playwright-core'];
  const wrong = files.filter(
    (path) => kindOf(path) === 'unit' && parts.some((part) => modulesOf(path).has(part)),
  );
  expect(wrong).toEqual([]);
});

test('test/README.md names each kind', () => {
  const text = readFileSync(join(root, 'test/README.md'), 'utf8');
  expect(Object.keys(kinds).filter((name) => !new RegExp(`^\\| .*\\b${name}\\b`, 'm').test(text))).toEqual(
    [],
  );
});
