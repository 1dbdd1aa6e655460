/** Parses the output of `strace -f -e trace=execve,clone,clone3,fork,vfork` for a listener. */

interface Fork {
  readonly parent: string;
  readonly child: string;
}

const forked = /^(\d+) .*\b(?:clone3?|v?fork)\b.* = (\d+)$/;
const executed = /^(\d+) .*\bexecve\((.*)/;

/**
 * Returns for each command the forks from the start of one poll to the start of the next, including the fork of the poll. Forks of the
 * watchdog are left out: it sleeps one second in a loop, independent of commands.
 */
export function readForks(text: string): Fork[][] {
  const commands: Fork[][] = [];
  let forks: Fork[] = [];
  let hasPolled = false;
  let hasCommand = false;
  const watchdogs = new Set<string>();
  const parents = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, parent, child] = forked.exec(line) ?? [];
    if (parent && child) {
      forks.push({ parent, child });
      parents.set(child, parent);
    }
    const [, pid, words] = executed.exec(line) ?? [];
    if (!pid || !words) continue;
    // The first process that runs `sleep 1`, before any command, is the watchdog.
    if (watchdogs.size === 0 && words.includes('["sleep", "1"]')) watchdogs.add(parents.get(pid) ?? '');
    if (words.includes('builtin eval')) hasCommand = true;
    if (!words.includes('/next.body"')) continue;
    if (hasPolled && hasCommand) commands.push(forks.filter((fork) => !watchdogs.has(fork.parent)));
    hasPolled = true;
    hasCommand = false;
    forks = [];
  }
  return commands;
}
