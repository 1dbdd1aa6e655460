import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** Finds the library for programs with threads of Debian's package `faketime`. */
function findLibrary(): string | undefined {
  const listed = spawnSync('dpkg', ['-L', 'libfaketime'], { encoding: 'utf8' }).stdout ?? '';
  const known = spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' }).stdout ?? '';
  const paths = [...listed.split('\n'), ...known.split(/\s+/)];
  return paths.find((path) => path.endsWith('/libfaketimeMT.so.1') && existsSync(path));
}

const library = findLibrary();

/** For `test.skipIf(!hasFakeClock)`. */
export const hasFakeClock = library !== undefined;

export type FakeClock = {
  /** The environment for a program whose wall clock the test sets. Its monotonic clock is the real one. */
  env: Record<string, string>;
  /** Sets the clock this many seconds before or after the real time. */
  set: (offsetSeconds: number) => Promise<void>;
};

export async function makeFakeClock(): Promise<FakeClock> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const file = join(folder.path, 'offset');
  const set = (offset: number) => writeFile(file, `${offset < 0 ? '' : '+'}${offset}\n`);
  await set(0);
  const env = {
    LD_PRELOAD: library ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  return { env, set };
}
