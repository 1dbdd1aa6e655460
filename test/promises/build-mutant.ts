import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import type { Mutant } from '../session/mutant.ts';
import { forTest } from '../harness/for-test.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** One change of one file of src. */
type Change = Pick<Mutant, 'from' | 'to'> & { readonly file: string };

/**
 * No defect: calls to the file system take a few milliseconds, as on a busy disk. On a quick disk two changes are
 * hardly ever in flight at the same time.
 */
const slowDisk: readonly Change[] = [
  {
    file: 'store/quick-calls.ts',
    from: 'let slowUntil = 0;',
    to: 'let slowUntil = Number.POSITIVE_INFINITY;',
  },
  {
    file: 'store/quick-calls.ts',
    from: 'if (began < slowUntil) return slow();',
    to: 'if (began < slowUntil) return new Promise((go) => void setTimeout(go, 3)).then(slow);',
  },
];

/** Builds a relay with this defect and returns the path of its binary. Removed when the test ends. */
export const buildMutant = (file: string, { from, to, needsSlowDisk = false }: Mutant): Promise<string> =>
  buildWith([{ file, from, to }, ...(needsSlowDisk ? slowDisk : [])]);

/** Builds a relay without a defect that treats the disk as slow. Removed when the test ends. */
export const buildForSlowDisk = (): Promise<string> => buildWith(slowDisk);

async function buildWith(changes: readonly Change[]): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  for (const name of ['src', 'bin', 'completions', 'package.json', 'rolldown.config.ts', 'tsconfig.json'])
    await cp(join(root, name), join(folder.path, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
  for (const { file, from, to } of changes) {
    const path = join(folder.path, 'src', file);
    const text = await readFile(path, 'utf8');
    expect(text.split(from), `${file} has this text exactly once`).toHaveLength(2);
    await writeFile(
      path,
      text.replace(from, () => to),
    );
  }
  const rolldown = join(root, 'node_modules/.bin/rolldown');
  await promisify(execFile)(rolldown, ['-c', 'rolldown.config.ts'], { cwd: folder.path });
  return join(folder.path, 'bin/remotify.js');
}
