/** Starts the measured programs and kills them when the benchmark ends or is interrupted. */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';

const running = new Set<ChildProcess>();

/** Each program has its own process group, so that its children are killed too. */
function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The process has already ended.
  }
}

export function endOwnProcesses(): void {
  for (const child of running) kill(child);
}

process.once('exit', endOwnProcesses);

type Own = {
  child: ChildProcess;
  /** Its exit status, once its output is complete. */
  closed: Promise<number | null>;
  kill: () => void;
};

export function spawnOwn(words: readonly string[], env: Record<string, string>, stdio: StdioOptions): Own {
  const child = spawn(words[0] ?? '', words.slice(1), { env, stdio, detached: true });
  running.add(child);
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const forget = (): void => void running.delete(child);
  closed.then(forget, forget);
  // A failed measurement no longer awaits it, so its rejection needs a handler.
  closed.catch(() => undefined);
  return { child, closed, kill: () => running.has(child) && kill(child) };
}
