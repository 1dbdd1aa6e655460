import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binaryPath } from '../harness/binary.ts';
import type { TemporaryFolder } from '../harness/temporary-folder.ts';
import type { Surroundings } from './shells.ts';

/** Creates folders for a shell, with a fake `remotify` that prints the rows for `list --offline` and fails otherwise. */
export async function setUp(folder: TemporaryFolder, rows: readonly string[]): Promise<Surroundings> {
  const surroundings = await makeFolders(folder);
  await writeFile(join(folder.path, 'rows'), rows.map((row) => `${row}\n`).join(''));
  const script = `#!/bin/sh\n[ "$*" = "list --offline" ] || exit 2\nexec cat '${folder.path}/rows'\n`;
  const path = join(surroundings.binFolder, 'remotify');
  await writeFile(path, script);
  await chmod(path, 0o755);
  return surroundings;
}

/** The same with the real binary. */
export async function setUpReal(folder: TemporaryFolder, configDir: string): Promise<Surroundings> {
  const surroundings = await makeFolders(folder);
  await symlink(binaryPath, join(surroundings.binFolder, 'remotify'));
  return { ...surroundings, env: { REMOTIFY_CONFIG_DIR: configDir } };
}

async function makeFolders({ path }: TemporaryFolder): Promise<Surroundings> {
  const surroundings = { binFolder: join(path, 'bin'), workFolder: join(path, 'work') };
  await mkdir(surroundings.binFolder);
  await mkdir(surroundings.workFolder);
  return surroundings;
}
