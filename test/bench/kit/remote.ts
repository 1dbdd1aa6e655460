/** Starts a relay with a file store, a session, a bash listener in auto mode, and a local sshd if the machine has one. */
import { binaryPath } from '../../harness/binary.ts';
import { cleanEnvironment } from '../../harness/clean-environment.ts';
import { runCli } from '../../harness/cli.ts';
import { eventually } from '../../harness/deadline.ts';
import { asAuto, type Listener, startListener } from '../../harness/listener.ts';
import type { Relay } from '../../harness/relay-process.ts';
import type { Ends } from './ends.ts';
import { makeFolder, startUnlimited } from './relays.ts';
import { hasSshServer, type SshServer, startSshServer } from './ssh-server.ts';

export type BenchRemote = {
  relay: Relay;
  listener: Listener;
  key: string;
  /** The environment for client commands. */
  env: Record<string, string>;
  folder: string;
  /** The legacy curl line, which runs `true`. */
  recipe: string[];
  /** The command line that starts remotify, without arguments. */
  remotify: string[];
  ssh: SshServer | undefined;
};

export const noSsh = 'no sshd that this user can start';

/** `wrapLine` can wrap the line that starts the listener in another program. */
export async function startBenchRemote(
  ends: Ends,
  { wrapLine = (line: string) => line, withSsh = true } = {},
): Promise<BenchRemote> {
  const folder = await makeFolder(ends);
  const relay = await startUnlimited(ends);
  const env = cleanEnvironment(folder, { REMOTIFY_CONFIG_DIR: folder });
  const made = await runCli(['new', '--json', '--url', relay.url], { configDir: folder });
  const payload = JSON.parse(made.stdout.toString()) as {
    remote_quickstart: string;
    exec: string;
    key: string;
  };
  const listener = await startListener(wrapLine(asAuto(payload.remote_quickstart)));
  ends.add(listener.stop);
  const ssh = withSsh && hasSshServer() ? await startSshServer(folder) : undefined;
  if (ssh) ends.add(ssh.stop);
  await eventually('the listener is connected', 20_000, async () => {
    const answer = await fetch(`${relay.url}/api/session/${payload.key}/status`);
    const status = (await answer.json()) as { listener: { attached: boolean } | null };
    return status.listener?.attached;
  });
  const recipe = ['bash', '-c', payload.exec.replace('COMMAND', 'true')];
  const remotify = [process.execPath, binaryPath];
  return { relay, listener, key: payload.key, env, folder, recipe, remotify, ssh };
}
