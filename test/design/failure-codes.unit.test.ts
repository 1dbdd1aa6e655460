import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failureCodes } from '../../src/cli/failure-codes.ts';
import { refusals } from '../../src/protocol/errors.ts';
import { readSource, sourceFiles } from './source-files.ts';

// Failure codes for --json: each is listed, used and documented. The compiler rejects other codes.

const cliSources = sourceFiles
  .filter(({ path }) => path.startsWith('src/cli/') && path !== 'src/cli/failure-codes.ts')
  .map(({ path }) => readSource(path));

test('every failure code is used in src/cli', () => {
  const unused = Object.keys(failureCodes).filter(
    (code) => !cliSources.some((source) => new RegExp(`['\\n ]${code}['|]|: '${code}'`).test(source)),
  );
  // The kinds of RelayError are failure codes too.
  expect(unused.filter((code) => !['unreachable', 'not_a_relay', 'moved'].includes(code))).toEqual([]);
});

/** The rows of the table under a heading, as `code | rest`. */
function listRows(heading: string): string[] {
  const docs = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const section = docs.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, code, rest]) => `${code} | ${rest}`);
}

test('docs/errors.md lists the failure codes of remotify with their meaning', () => {
  expect(listRows('Codes of remotify')).toEqual(
    Object.entries(failureCodes).map(([code, text]) => `${code} | ${text}`),
  );
});

test('docs/errors.md lists the refusals of a relay with status and text', () => {
  expect(listRows('Codes of a relay')).toEqual(
    Object.entries(refusals).map(([code, { status, text }]) => `${code} | ${status} | ${text}`),
  );
});
