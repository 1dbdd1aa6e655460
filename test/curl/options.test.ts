import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderSessionPayload } from '../../src/relay/session-lines.ts';
import { curlOptions, oldestCurl } from '../harness/old-curl.ts';

// Checks every curl option in texts for users: the runner, the lines to paste, the recipes, the rules for agents, the examples.

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const list = (folder: string) => readdirSync(new URL(folder, root)).map((name) => `${folder}/${name}`);

const payload = renderSessionPayload('0'.repeat(32), 'https://relay.example', { ttlMs: 1, version: '0' });

const sources: Record<string, string> = {
  'the line to paste': payload.remote_quickstart,
  'the exec recipe': payload.exec,
  'remotify agents': read('src/cli/commands/agents.md'),
  'templates/AGENTS.md.example': read('templates/AGENTS.md.example'),
  'the page': read('src/page/index.html'),
  runner: list('src/runner')
    .filter((path) => path.endsWith('.sh'))
    .map(read)
    .join('\n')
    // The arguments of its request() are passed to curl.
    .replaceAll(/\brequest ("?[$\w]+"?|decision) (GET|POST|PUT) /g, 'curl -q request '),
  ...Object.fromEntries(
    list('docs/examples')
      .filter((path) => !path.endsWith('README.md'))
      .map((path) => [path, read(path)]),
  ),
};

/** `-fsS --proto` → f, s, S, proto. A quoted value is not an option. */
function findOptions(text: string): string[] {
  const calls = text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    // The runner collects some options in an array.
    .map((line) => line.replaceAll(/\bwords\+?=\(/g, 'curl - '))
    .flatMap((line) => line.split(/(?=\bcurl -)/).slice(1));
  return calls.flatMap((call) => {
    const bare = call.replaceAll(/"[^"]*"|'[^']*'/g, "''").split(/[|;&)<>]/)[0] ?? '';
    return bare.split(/\s+/).flatMap((word) => {
      if (/^--\w/.test(word)) return [word.slice(2)];
      return /^-\w+$/.test(word) ? Array.from(word.slice(1)) : [];
    });
  });
}

const isAtMost = (version: string, limit: string): boolean =>
  version.localeCompare(limit, 'en', { numeric: true }) <= 0;

describe.each(Object.entries(sources))('curl in %s', (_name, text) => {
  const options = findOptions(text);

  test(`has only options that curl ${oldestCurl} knows`, () => {
    const unknown = options.filter((name) => curlOptions[name] === undefined);
    expect(unknown).toEqual([]);
    for (const name of options) {
      const { since = '' } = curlOptions[name] ?? {};
      expect(isAtMost(since, oldestCurl), `${name} needs ${since}`).toBe(true);
    }
  });

  test('ignores ~/.curlrc: -q comes first', () => {
    const calls = text.split(/(?=\bcurl -)/).slice(1);
    // The page also shows a line of the legacy relay.
    for (const call of calls) if (!call.includes('id="relay"')) expect(call).toMatch(/^curl -q\b/);
  });

  test('reads no header from a file, and no body that could be mistaken for a file name', () => {
    expect(text).not.toMatch(/-H ['"]?@/);
    for (const [, body = ''] of text.matchAll(/--data-binary ([^\s)]+)/g))
      expect(['@-', 'x', '"@$body"', '"@$work/reason"']).toContain(body);
  });
});

test('the list of curl options: it has exactly the options in use', () => {
  const used = new Set(Object.values(sources).flatMap(findOptions));
  expect([...used].toSorted()).toEqual(Object.keys(curlOptions).toSorted());
  expect(used.size).toBeGreaterThan(15);
});

const manual = spawnSync('curl', ['-q', '--manual'], { encoding: 'utf8' }).stdout ?? '';

test.skipIf(!manual.includes('Added in'))(
  'the list of curl options: the versions agree with curl’s manual (needs a curl with a manual)',
  () => {
    const since = new Map<string, string>();
    for (const entry of manual.split(/\n(?= {7}-)/)) {
      const long = /^ {7}(?:-\S, )?--([\w-]+)/.exec(entry)?.[1];
      // The version of the option is at the end of its entry; other versions are for its values.
      const version = /Added in (\d+\.\d+(?:\.\d+)?)\.\s*$/.exec(entry)?.[1];
      if (long !== undefined && version !== undefined) since.set(long, version);
    }
    expect(since.get('data-raw')).toBe('7.43.0');
    expect(since.get('fail-with-body')).toBe('7.76.0');
    for (const { long, since: ours } of Object.values(curlOptions))
      expect(since.get(long) ?? ours, long).toBe(ours);
  },
);
