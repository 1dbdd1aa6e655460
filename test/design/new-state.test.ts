import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, afterAll, describe, expect, test } from 'vitest';
import { commandStates } from '../../src/protocol/command-states.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../harness/temporary-folder.ts';
import { sourceFiles } from './source-files.ts';

// A new state in protocol/ does not compile until each place that distinguishes states handles it.

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Files with a text or an action for every state. */
const places = [
  'src/protocol/command-states.ts',
  'src/text/name-state.ts',
  'src/session/changes.ts',
  'src/relay/handlers/slot-result.ts',
  'src/mcp/describe-call.ts',
  'src/mcp/progress.ts',
  'src/cli/commands/wait.ts',
  'src/cli/exec/describe-end.ts',
];
const pagePlaces = ['src/page/command-words.ts', 'src/protocol/command-states.ts'];

/** The files in which the compiler reports an error. */
function listErrors(folder: string, project: string): Promise<string[]> {
  const compiler = join(root, 'node_modules/.bin/tsc');
  return new Promise((resolve) => {
    execFile(
      compiler,
      ['--noEmit', '--pretty', 'false', '-p', project],
      { cwd: folder },
      (_error, stdout) => {
        const files = [...stdout.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, path = '']) => path);
        resolve([...new Set(files)].toSorted());
      },
    );
  });
}

let folder: TemporaryFolder;
let errors: string[];
let pageErrors: string[];

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  const { path } = folder;
  await cp(join(root, 'src'), join(path, 'src'), { recursive: true });
  await cp(join(root, 'package.json'), join(path, 'package.json'));
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
  const config = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8')) as object;
  await writeFile(join(path, 'tsconfig.json'), JSON.stringify({ ...config, include: ['src'] }));
  const states = join(path, 'src/protocol/command-states.ts');
  const source = await readFile(states, 'utf8');
  const broken = source.replace("  'queued',\n", "  'queued',\n  'paused',\n");
  expect(broken).not.toBe(source);
  await writeFile(states, broken);
  [errors, pageErrors] = await Promise.all([listErrors(path, '.'), listErrors(path, 'src/page')]);
});

afterAll(() => folder.remove());

describe('a new command state:', () => {
  test('compile errors in exactly the listed files of src', () => {
    expect(errors).toEqual(places.toSorted());
  });

  test('compile errors in the page', () => {
    expect(pageErrors).toEqual(expect.arrayContaining(pagePlaces));
  });
});

/** A condition on two states: that belongs into a predicate of protocol/. */
const asked = `state (?:===|!==) '(?:${commandStates.join('|')})'`;
const asksTwice = new RegExp(String.raw`\b${asked} (?:\|\||&&)\s+(?:\w+\.)*${asked}`);

test('only protocol/ has conditions on several states', async () => {
  const found = [];
  for (const { path, room } of sourceFiles) {
    if (room !== 'protocol' && asksTwice.test(await readFile(join(root, path), 'utf8'))) found.push(path);
  }
  expect(found).toEqual([]);
  expect(asksTwice.test("state === 'queued' || state === 'running'")).toBe(true);
});
