import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { eventually, withDeadline } from './deadline.ts';
import { findProgram } from './find-program.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type ProxyKind = 'nginx' | 'caddy' | 'haproxy';

/** For `describe.skipIf(!hasProxy(kind))`. */
export const hasProxy = (kind: ProxyKind): boolean => findProgram(kind) !== undefined;

const formArguments: Record<ProxyKind, (folder: string, file: string) => string[]> = {
  nginx: (folder, file) => ['-p', folder, '-c', file, '-e', 'stderr'],
  caddy: (_folder, file) => ['run', '--adapter', 'caddyfile', '--config', file],
  haproxy: (_folder, file) => ['-db', '-f', file],
};

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Starts a proxy in the foreground with this configuration, which must listen on `port`. The caller stops it. */
export async function startRealProxy(
  kind: ProxyKind,
  port: number,
  configure: (folder: string) => string,
): Promise<{ stop: () => Promise<void> }> {
  const folder = await makeTemporaryFolder();
  const file = join(folder.path, 'configuration');
  await writeFile(file, configure(folder.path));
  const program = findProgram(kind) ?? kind;
  const started = spawnCaptured(program, formArguments[kind](folder.path, file), {
    env: cleanEnvironment(folder.path),
  });
  const stop = async () => {
    if (started.isRunning()) started.child.kill(kind === 'haproxy' ? 'SIGUSR1' : 'SIGTERM');
    await withDeadline(started.exited, 3_000, `${kind} ends`).catch(() => started.child.kill('SIGKILL'));
    await withDeadline(started.exited, 5_000, `${kind} ends on SIGKILL`);
    await folder.remove();
  };
  try {
    await eventually(`${kind} listens`, 15_000, () => {
      if (!started.isRunning()) throw new Error(`${kind} ended: ${started.stderr()}`);
      return isOpen(port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
