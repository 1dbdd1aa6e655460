import { onTestFinished } from 'vitest';
import { type Answer, curl } from '../harness/curl.ts';
import { withDeadline } from '../harness/deadline.ts';
import { type ServeProcess, spawnServe, startServe } from '../harness/serve-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

export async function makeFolder(): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  return folder.path;
}

/** Starts a relay that is stopped after the test. */
export async function start(
  flags: readonly string[],
  env: Record<string, string> = {},
): Promise<ServeProcess> {
  const relay = await forTest(startServe(flags, { env }));
  return relay;
}

export const askHealth = (path: string): Promise<Answer> =>
  curl(['--unix-socket', path, 'http://localhost/api/health']);

/** Runs a `remotify serve` that fails to start, until it exits. */
export async function fail(
  flags: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; stderr: string }> {
  const home = await makeFolder();
  const relay = spawnServe(home, flags, { env });
  onTestFinished(() => void relay.child.kill('SIGKILL'));
  const { code } = await withDeadline(relay.closed, 20_000, 'the relay refuses to start');
  return { code, stderr: relay.stderr() };
}

/** Creates a session through a unix socket, with additional arguments of curl. */
export const createThrough = (
  path: string,
  args: readonly string[] = [],
  scheme: 'http' | 'https' = 'http',
): Promise<Answer> =>
  curl(['--unix-socket', path, '-X', 'POST', ...args, `${scheme}://localhost/api/session`]);

/** The header with which a proxy names the client. */
export const forwardedFor = (client: string): string[] => ['-H', `X-Forwarded-For: ${client}`];
