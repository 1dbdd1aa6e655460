import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { partNames } from '../../src/runner/runner-source.ts';
import { makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The served script consists of the parts, joined in order, and the values of one listener.

const relay = useRelay();

const folder = new URL('../../src/runner/', import.meta.url);
const readPart = (name: string): string => readFileSync(new URL(`${name}.sh`, folder), 'utf8');

test.each(['supervised', 'auto'])(
  '%s: the served script equals the parts plus three values',
  async (mode) => {
    const client = await forTest(makeClient(relay));
    const { listener_key: key } = await client.runJson<SessionPayload>('new');
    const { text } = await curl([`${relay.url}/r/${key}?mode=${mode}`]);
    const values = [
      `REMOTIFY_URL='${relay.url}'`,
      `REMOTIFY_LISTENER_KEY='${key}'`,
      `REMOTIFY_MODE='${mode}'`,
    ];
    const opening = `{ # One group, closed by the last line.\n# Values of this listener:\n${values.join('\n')}\n`;
    const parts = partNames.map((name) => `${readPart(name)}\n`);
    expect(text).toBe([readPart('preamble'), opening, ...parts, 'main "$@"\n}\n'].join(''));
  },
);

test('dist/runner.sh equals the parts without values', () => {
  const built = readFileSync(new URL('../../dist/runner.sh', import.meta.url), 'utf8');
  for (const name of ['preamble', ...partNames]) expect(built.split(readPart(name))).toHaveLength(2);
  expect(built).not.toContain("REMOTIFY_LISTENER_KEY='");
});

describe.each([
  ['dash', []],
  ['zsh', []],
  ['busybox', ['sh']],
])('piped into %s', (shell, words) => {
  const isHere = spawnSync(shell, [...words, '-c', 'exit 0']).status === 0;
  test.skipIf(!isHere)('the script prints that it needs bash, and exits with 1', () => {
    const input = readFileSync(new URL('../../dist/runner.sh', import.meta.url));
    const { status, stdout, stderr } = spawnSync(shell, words, { input, encoding: 'utf8' });
    const needs = 'remotify: error: this script needs bash: end the line with "| bash"\n';
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: needs });
  });
});

describe('the parts', () => {
  test('each .sh file of src/runner is a part', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.sh'));
    expect(files.sort()).toEqual(['preamble', ...partNames].map((name) => `${name}.sh`).sort());
  });

  test.each(['preamble', ...partNames])(
    '%s has at most 250 lines and begins with a comment about its purpose',
    (name) => {
      const lines = readPart(name).trimEnd().split('\n');
      expect(lines.length).toBeLessThanOrEqual(250);
      const about = lines.slice(name === 'preamble' ? 1 : 0);
      expect(about[0]).toBe('# shellcheck shell=bash');
      expect(about[1]).toMatch(/^# [A-Z].*/);
    },
  );

  test('no function is defined twice', () => {
    const names = partNames.flatMap((name) => readPart(name).match(/^[a-z_]+(?=\(\))/gm) ?? []);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  test('no part reads the wall clock or uses read -t', () => {
    const all = partNames
      .map(readPart)
      .join('')
      .replaceAll(/^\s*#.*$/gm, '');
    expect(all).not.toMatch(/\$\{?SECONDS|\$\(date|EPOCH(?:SECONDS|REALTIME)|\bread\b[^\n;|]* -t/);
  });
});
