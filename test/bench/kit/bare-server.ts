/** Starts a bare node:http server in a separate process, which answers the four requests of a round trip with recorded answers. */
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
  // The child must not keep a failed parent running; it ends with the parent.
  child.unref();
  child.channel?.unref();
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? -1, stop: () => void child.kill() };
}
