/** A client and an auto listener that reach their relay only through a proxy. */
import type { CapturedProcess } from '../harness/captured-process.ts';
import { type CliResult, runCli, startCli } from '../harness/cli.ts';
import { type Listener, startListener } from '../harness/listener.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

export type RemoteThrough = {
  /** The line that was pasted. */
  line: string;
  folder: string;
  listener: Listener;
  /** `remotify exec ARGS…` */
  exec: (args: string[], options?: { stdin?: Uint8Array; deadlineMs?: number }) => Promise<CliResult>;
  startExec: (args: string[]) => CapturedProcess;
  stop: () => Promise<void>;
};

export async function startRemoteThrough({
  url,
  caPath,
}: {
  url: string;
  caPath: string | undefined;
}): Promise<RemoteThrough> {
  const folder = await makeTemporaryFolder();
  const env = { REMOTIFY_URL: url, ...(caPath !== undefined && { NODE_EXTRA_CA_CERTS: caPath }) };
  const settings = { configDir: folder.path, env };
  const made = await runCli(['new', '--auto'], settings);
  if (made.exitCode !== 0) {
    await folder.remove();
    throw new Error(`remotify new: ${made.exitCode}\n${made.stderr}`);
  }
  const line = made.stdout.toString('utf8').trimEnd();
  const listener = await startListener(line, caPath === undefined ? {} : { CURL_CA_BUNDLE: caPath });
  return {
    line,
    folder: folder.path,
    listener,
    exec: (args, options = {}) => runCli(['exec', ...args], { ...settings, ...options }),
    startExec: (args) => startCli(['exec', ...args], settings),
    stop: async () => {
      await listener.stop();
      await folder.remove();
    },
  };
}
