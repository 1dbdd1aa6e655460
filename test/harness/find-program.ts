/** Finds programs that a test needs and that may not be installed. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Includes folders with servers, which are not on every user's PATH. */
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a program, or undefined: for `describe.skipIf(findProgram('nginx') === undefined)`. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isProgram);
}
