/** A Redis of a test's own. */
import { tmpdir } from 'node:os';
import { spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { eventually, withDeadline } from './deadline.ts';
import { findProgram } from './find-program.ts';
import { findFreePort } from './free-port.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type Redis = { url: string; stop: () => Promise<void> };

/** With the settings of deploy/compose.cluster.yaml. */
export async function startRedis(): Promise<Redis> {
  const folder = await makeTemporaryFolder();
  const port = await findFreePort();
  const safe = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction'];
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder.path, '--save', ''];
  const redis = spawnCaptured(findProgram('redis-server') ?? 'redis-server', [...place, ...safe], {
    env: cleanEnvironment(tmpdir()),
  });
  const stop = async () => {
    if (redis.isRunning()) redis.child.kill('SIGKILL');
    await withDeadline(redis.exited, 5_000, 'redis-server ends');
    await folder.remove();
  };
  try {
    await eventually('redis-server accepts connections', 10_000, () =>
      redis.stdout().includes('Ready to accept connections'),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}
