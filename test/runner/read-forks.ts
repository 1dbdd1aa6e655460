/** Reads what `strace -f -e trace=execve,clone,clone3,fork,vfork` wrote about a listener. */

export interface Fork {
  readonly parent: string;
  readonly child: string;
}

export interface Trace {
  readonly forks: readonly Fork[];
  /** The forks between the start of one poll and the start of the next, the poll's own included: all that one command took. */
  readonly perCommand: readonly (readonly Fork[])[];
}

const forked = /^(\d+) .*\b(?:clone3?|v?fork)\b.* = (\d+)$/;
const executed = /^(\d+) .*\bexecve\((.*)/;

/** Without the forks of the watchdog, which sleeps one second again and again beside all that. */
export function readForks(text: string): Trace {
  const forks: Fork[] = [];
  const perCommand: Fork[][] = [];
  const polls: number[] = [];
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
    // The first that does so: before any command.
    if (watchdogs.size === 0 && words.includes('["sleep", "1"]')) watchdogs.add(parents.get(pid) ?? '');
    if (words.includes('/next.body"')) polls.push(forks.length);
  }
  polls.slice(1).forEach((end, at) => {
    perCommand.push(forks.slice(polls[at], end).filter(({ parent }) => !watchdogs.has(parent)));
  });
  return { forks, perCommand };
}
