/** The reference and the man pages are those of the command line: `npm run docs` writes them. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderDocs } from '../../docs/generate/files.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { buildWholeProgram } from '../../src/cli/build-program.ts';
import { findProgram } from '../harness/find-program.ts';
import { read, root } from './markdown.ts';

const { version } = packageFile;
const files = renderDocs(await buildWholeProgram(version), version);

test.each(Object.entries(files))('docs/%s is what `npm run docs` writes', (path, text) => {
  expect(read(`docs/${path}`)).toBe(text);
});

test('docs/man has a page for each command, and no other', () => {
  const expected = Object.keys(files).filter((path) => path.startsWith('man/'));
  expect(
    readdirSync(`${root}docs/man`)
      .map((name) => `man/${name}`)
      .toSorted(),
  ).toEqual(expected.toSorted());
});

test('a new flag: the reference and the man page of its command change', async () => {
  const program = await buildWholeProgram(version);
  program.commands
    .find((command) => command.name() === 'exec')
    ?.option('--planted <word>', 'only of this test');
  const changed = renderDocs(program, version);
  const different = Object.keys(files).filter((path) => changed[path] !== files[path]);
  expect(different).toEqual(['reference.md', 'man/remotify-exec.1']);
});

const hasGroff = findProgram('groff') !== undefined;

test.skipIf(!hasGroff).each(readdirSync(`${root}docs/man`))(
  `%s: groff formats it without a warning${hasGroff ? '' : ' (groff is missing)'}`,
  (name) => {
    const words = ['-man', '-Tutf8', '-ww', '-z', `${root}docs/man/${name}`];
    expect(execFileSync('groff', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })).toBe('');
  },
);
