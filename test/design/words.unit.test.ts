/** Holds the list of words that make a sentence a riddle: a reader must understand each sentence the first time. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { listFiles, root } from '../harness/list-files.ts';

/** What to avoid, and what to write. */
const avoided: Record<string, RegExp> = {
  'name the actor: the relay, the client, the operator':
    /\b(?:who|what)ever\b|\b(?:any|some)(?:body|one)\b|\bnobody\b/i,
  'created, notified, logged': /\b(?:is|are|was|were|be|been|being) (?:made|told|said)\b/i,
  'a remotify relay, ours': /\bof ours\b/i,
  'a legacy relay': /\bof the original kind\b/i,
  'instead of': /\bin place of\b/i,
  is: /\bst(?:ands?|ood)\b(?! alone)/i,
  fix: /\bmend(?:s|ed|ing)?\b/i,
  forever: /\bfor ever\b/i,
  again: /\bonce more\b/i,
  'in flight, being sent': /\bon (?:its|their) way\b/i,
  'anyway, still': /\ball the same\b/i,
  unverified: /\bas it says of itself\b/i,
  'the outcome': /\bthe truth\b/i,
  'is still valid, still runs': /\blives on\b/i,
  'closes the connection': /\bthe door\b/i,
  'in use, running': /\bat work\b/i,
};

const read = (path: string): string => readFileSync(new URL(path, `file://${root}`), 'utf8');

/** Comments of a test file, and the titles of its tests: the rest is data. */
function proseOf(text: string): string {
  const kept = text
    .split('\n')
    .map((line) =>
      /^\s*(?:\/\/|\/?\*)|\b(?:test|describe)(?:\.\w+)*\(|^\s*[`'"].*[`'"],?$/.test(line) ? line : '',
    );
  return kept.join('\n');
}

function findAvoided(text: string): string[] {
  return text.split('\n').flatMap((line, at) =>
    Object.entries(avoided)
      .filter(([, pattern]) => pattern.test(line))
      .map(([better, pattern]) => `${at + 1}: "${pattern.exec(line)?.[0]}" (${better})`),
  );
}

const written = [
  ...listFiles(
    ['src', 'bin', 'deploy'],
    /\.(?:ts|js|sh|md|html|css|ya?ml|conf|cfg|service|socket|caddy)$|Caddyfile|Dockerfile$/,
  ),
  ...listFiles(['completions'], /\.ts$/),
  ...listFiles(['docs'], /\.(?:md|ts|sh|yml|service)$|crontab$/),
  ...listFiles(['.'], /\.md$/),
];

describe('no avoided word', () => {
  test.each(written)('in %s', (path) => expect(findAvoided(read(path))).toEqual([]));

  test.each(listFiles(['test'], /\.ts$/).filter((path) => path !== 'test/design/words.unit.test.ts'))(
    'in comments and titles of %s',
    (path) => expect(findAvoided(proseOf(read(path)))).toEqual([]),
  );
});

test('a planted word is found', () => {
  expect(findAvoided('fine\n// Whoever waits is told once more.')).toHaveLength(3);
});
