/** A command from its start to its end, as bash's `time` sees it: real time and processor time, of it and of what it started. */
import { withDeadline } from '../../harness/deadline.ts';
import { spawnOwn } from './own-process.ts';

/** What the command prints is thrown away; the times go to a pipe of their own. */
const script = `TIMEFORMAT='%3R %3U %3S'; { time "$@" >/dev/null 2>/dev/null; } 2>&3`;

type Took = { ms: number; cpuMs: number };

/** Not spawnSync: the screen of a listener is a pipe that this process must go on reading. */
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
