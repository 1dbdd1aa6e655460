/** Programs that a test needs and the machine may not have. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Servers are in folders that are not on every user's PATH. */
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Its path, or undefined: for `describe.skipIf(findProgram('nginx') === undefined)`. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isProgram);
}
