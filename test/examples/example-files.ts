import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaryPath } from '../harness/binary.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

const folder = new URL('../../docs/examples/', import.meta.url);

export const pathOfExample = (name: string): string => fileURLToPath(new URL(name, folder));
export const readExample = (name: string): string => readFileSync(pathOfExample(name), 'utf8');

export type Tools = {
  /** For PATH. */
  path: string;
  /** Adds a program of this name, written in bash. */
  add: (name: string, script: string) => Promise<void>;
  remove: () => Promise<void>;
};

/** The tools of a machine where `remotify` is installed already, so that `npm install` does nothing. */
export async function makeTools(): Promise<Tools> {
  const { path: place, remove } = await makeTemporaryFolder();
  const add = async (name: string, script: string) => {
    await writeFile(join(place, name), `#!/bin/bash\n${script}\n`);
    await chmod(join(place, name), 0o755);
  };
  await add('remotify', `exec '${process.execPath}' '${binaryPath}' "$@"`);
  await add('npm', '[ "$*" = "install --global remotify" ]');
  return { path: `${place}${delimiter}${process.env.PATH ?? ''}`, add, remove };
}
