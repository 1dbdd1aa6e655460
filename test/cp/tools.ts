/** Creates folders for PATH with some of the tools of this system, or with those of busybox. */
import { spawnSync } from 'node:child_process';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../harness/find-program.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

/** The tools that the runner needs. */
export const neededTools = ['bash', 'curl', 'mktemp', 'cat', 'wc', 'tail', 'head', 'sleep', 'rm'];

/** The tools of a minimal system: coreutils without the hash tools. */
export const usualTools = neededTools.concat(
  `[ awk basename chmod cmp cp cut date dd df dirname du env expr false find grep id kill ln ls mkdir mkfifo mv od printf ps pwd
  readlink rmdir sed seq sh sort stat stty tee test touch tr true uname uniq xargs`.split(/\s+/),
);

/** A folder for PATH with these tools of this system. Tools that this system lacks are left out. */
export async function makeToolFolder(names: readonly string[]): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  for (const name of new Set(names)) {
    const path = findProgram(name);
    if (path !== undefined) await symlink(path, join(folder.path, name));
  }
  return folder.path;
}

const applets = spawnSync('busybox', ['--list'], { encoding: 'utf8' });

export const hasBusybox = applets.status === 0;

/** A folder for PATH in which all tools but bash and curl are busybox. */
export async function makeBusyboxFolder(without: readonly string[] = []): Promise<string> {
  const path = await makeToolFolder(['bash', 'curl']);
  const names = applets.stdout.trim().split('\n');
  for (const name of names.filter((one) => one !== 'bash' && !without.includes(one)))
    await symlink(findProgram('busybox') ?? '', join(path, name));
  return path;
}

/** Adds a script that replaces the real tool of its name on PATH. `$REAL` in it is the path of the real tool. */
export async function addFake(folder: string, name: string, script: string): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/bash\nREAL='${findProgram(name) ?? '/bin/false'}'\n${script}\n`);
  await chmod(path, 0o755);
}
