/** Lists the system calls that a systemd unit allows, and those that a program made. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from '../harness/find-program.ts';

/** The system calls of a group such as @system-service, including those of its subgroups. */
async function listGroup(name: string): Promise<string[]> {
  const program = findProgram('systemd-analyze') ?? '';
  const { stdout } = await promisify(execFile)(program, ['syscall-filter', name]);
  const words = stdout
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const members = await Promise.all(
    words.map((word) => (word.startsWith('@') ? listGroup(word) : Promise.resolve([word]))),
  );
  return members.flat();
}

/** Evaluates the SystemCallFilter lines: a line allows calls, a line with ~ removes them. */
export async function listAllowedCalls(unit: string): Promise<string[]> {
  const allowed = new Set<string>();
  for (const [, sign, groups = ''] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    const calls = (await Promise.all(groups.split(' ').map(listGroup))).flat();
    for (const call of calls) {
      if (sign === '~') allowed.delete(call);
      else allowed.add(call);
    }
  }
  return [...allowed];
}

/** The system calls in the output of `strace -f -o`. */
export function listCallsOf(trace: string): string[] {
  const names = [...trace.matchAll(/^\d+ +([a-z0-9_]+)\(/gm)].map(([, name = '']) => name);
  return [...new Set(names)].toSorted();
}
