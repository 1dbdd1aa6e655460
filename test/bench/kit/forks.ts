/** Reads the new processes of a listener, with their start times, from a trace by strace. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** `at` is in milliseconds since 1970. */
export type Fork = { at: number };
export type Exec = { at: number; program: string; words: string; pid: number };
export type Exit = { at: number; pid: number };

export type Traced = { forks: Fork[]; execs: Exec[]; exits: Exit[] };

/** The flags of strace, besides `-o FILE`. */
export const traceFlags = ['-f', '-qq', '-ttt', '-s', '200', '-e', 'trace=clone,clone3,fork,vfork,execve'];

const isFork = /^(?:clone3?|v?fork)\(|^<\.\.\. (?:clone3?|v?fork) resumed>/;
const result = /\) += (\d+)$/;

export function readTrace(file: string): Traced {
  const traced: Traced = { forks: [], execs: [], exits: [] };
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [, process = '', seconds = '', text = ''] = /^(\d+) +(\d+\.\d+) (.*)$/.exec(line) ?? [];
    const [pid, at] = [Number(process), Number(seconds) * 1000];
    if (isFork.test(text) && result.test(text)) traced.forks.push({ at });
    else if (text.startsWith('+++ ')) traced.exits.push({ at, pid });
    else if (text.startsWith('execve(')) {
      const [, path = '', words = ''] = /^execve\("([^"]*)", \[(.*?)\]/.exec(text) ?? [];
      // Failed calls do not count: a shell tries a program in each folder of PATH.
      if (!/ = -1 /.test(text)) traced.execs.push({ at, program: basename(path), words, pid });
    }
  }
  return traced;
}
