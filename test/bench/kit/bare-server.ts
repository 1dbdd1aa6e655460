/** node:http in a process of its own that answers the four requests of a round trip with recorded answers, at once. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Recorded } from './serve-bare.ts';

export async function startBareServer(
  answers: Recorded,
): Promise<{ url: string; pid: number; stop: () => void }> {
  const child = fork(fileURLToPath(new URL('serve-bare.ts', import.meta.url)));
  child.send(answers);
  const [port] = (await once(child, 'message')) as [number];
  // A parent that fails ends at once, and this process with it.
  child.unref();
  child.channel?.unref();
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? -1, stop: () => void child.kill() };
}
