import { AssertionError } from 'node:assert';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { checkPromises } from './check-promises.ts';
import type { Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';
import { loadSessionModule, type SessionModule, sessionFolder } from './session-module.ts';

/** A fixed seed, so that a mutant is caught in every run or in none. */
const parameters = { seed: 20_260, numRuns: 3_000, endOnFailure: true };

/** How many ended commands the copy remembers: few, so that short runs forget some, but more than can end at once. */
const shortMemory = 40;

/** A copy of src/session with one change. It imports other folders of src unchanged. */
async function copySession(file?: string, mutant?: Mutant): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'remotify-mutant-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(sessionFolder, folder, { recursive: true });
  const source = pathToFileURL(join(sessionFolder, '..')).href;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const text = await readFile(path, 'utf8');
    const moved = text.replaceAll("from '../", `from '${source}/`);
    await writeFile(path, moved.replace('- maxEndedCommands', `- ${shortMemory}`));
  }
  if (file !== undefined && mutant) await breakFile(join(folder, file), mutant);
  return folder;
}

async function breakFile(path: string, { from, to }: Mutant): Promise<void> {
  const text = await readFile(path, 'utf8');
  expect(text.split(from), 'the text to replace occurs exactly once').toHaveLength(2);
  await writeFile(
    path,
    text.replace(from, () => to),
  );
}

/** The cause of the first failure. A mutant that only crashes proves nothing. */
function findBrokenPromise(api: SessionModule): unknown {
  try {
    checkPromises(api, parameters);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.cause : error;
  }
}

test('a copy of src/session without a defect keeps the promises', { timeout: 60_000 }, async () => {
  checkPromises(await loadSessionModule(await copySession()), parameters);
});

const every = Object.entries(mutants).flatMap(([file, some]) =>
  some.map((mutant) => [file, mutant.name, mutant] as const),
);

test.each(every)(
  '%s with the defect: %s: the check of the promises fails',
  { timeout: 60_000 },
  async (file, _name, mutant) => {
    const api = await loadSessionModule(await copySession(file, mutant));
    expect(findBrokenPromise(api)).toBeInstanceOf(AssertionError);
  },
);
