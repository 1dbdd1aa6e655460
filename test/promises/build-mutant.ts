import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import type { Mutant } from '../session/mutant.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A build of its own with one change in a file of src: the path of its binary. Gone when the test is. */
export async function buildMutant(file: string, { from, to }: Mutant): Promise<string> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  for (const name of ['src', 'bin', 'completions', 'package.json', 'rolldown.config.ts', 'tsconfig.json'])
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
