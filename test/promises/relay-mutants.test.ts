import { AssertionError } from 'node:assert';
import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import type { Mutant } from '../session/mutant.ts';
import { checkWirePromises } from './check-wire-promises.ts';
import { relayMutants } from './relay-mutants.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A fixed seed: whether a mutant dies must not be luck. The moments of kills differ all the same: hence so many runs. */
const parameters = { seed: 20_261, numRuns: 200, endOnFailure: true };

/** A build of its own with one change in it. */
async function buildMutant(file: string, { from, to }: Mutant): Promise<string> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  for (const name of ['src', 'bin', 'completions', 'package.json', 'rolldown.config.ts'])
    await cp(join(root, name), join(folder.path, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
  const path = join(folder.path, 'src', file);
  const text = await readFile(path, 'utf8');
  expect(text.split(from), 'there is exactly one place to break').toHaveLength(2);
  await writeFile(
    path,
    text.replace(from, () => to),
  );
  const rolldown = join(root, 'node_modules/.bin/rolldown');
  await promisify(execFile)(rolldown, ['-c', 'rolldown.config.ts'], { cwd: folder.path });
  return join(folder.path, 'bin/remotify.js');
}

const every = Object.entries(relayMutants).flatMap(([file, some]) =>
  some.map((mutant) => [file, mutant.name, mutant] as const),
);

test.each(every)('%s: the promises notice that %s', { timeout: 180_000 }, async (file, _name, mutant) => {
  const relay = await startLastingRelay([], await buildMutant(file, mutant));
  const broken = await checkWirePromises(relay, parameters).catch((error: unknown) => error);
  // One that merely crashes has proved nothing.
  expect(broken instanceof Error ? broken.cause : broken).toBeInstanceOf(AssertionError);
});
