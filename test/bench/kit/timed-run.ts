/** Runs a command under bash's `time`: real time and CPU time of the command and its children. */
import { withDeadline } from '../../harness/deadline.ts';
import { spawnOwn } from './own-process.ts';

/** The output of the command is discarded; the times go to a separate pipe. */
const script = `TIMEFORMAT='%3R %3U %3S'; { time "$@" >/dev/null 2>/dev/null; } 2>&3`;

type Took = { ms: number; cpuMs: number };

/** Not spawnSync: meanwhile this process must read the pipe with the listener's screen output. */
export async function runTimed(
  words: readonly string[],
  env: Record<string, string>,
  deadlineMs = 60_000,
): Promise<Took> {
  const { child, closed, kill } = spawnOwn(['bash', '-c', script, 'bash', ...words], env, [
    'ignore',
    'ignore',
    'ignore',
    'pipe',
  ]);
  let text = '';
  child.stdio[3]?.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const name = words.slice(0, 4).join(' ');
  const status = await withDeadline(closed, deadlineMs, name).finally(kill);
  if (status !== 0) throw new Error(`${name} failed with ${status}`);
  const [real = Number.NaN, user = Number.NaN, system = Number.NaN] = text.trim().split(' ').map(Number);
  return { ms: real * 1000, cpuMs: (user + system) * 1000 };
}
