import { onTestFinished } from 'vitest';
import { binaryPath } from './binary.ts';
import { startRelay } from './relay-process.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type LastingRelay = {
  url: string;
  port: number;
  pidFile: string;
  kill: () => Promise<void>;
  start: () => Promise<void>;
};

/** Starts a relay that the test can kill and start again, on the same port and with the same store. */
export async function startLastingRelay(flags: string[] = [], binary = binaryPath): Promise<LastingRelay> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const store = `file:${folder.path}/store`;
  let relay = await startRelay({ store, flags, binary });
  onTestFinished(() => relay.stop());
  return {
    url: relay.url,
    port: relay.port,
    pidFile: `${folder.path}/store/relay.pid`,
    kill: async () => {
      await relay.kill('SIGKILL');
      await relay.stop();
    },
    start: async () => {
      relay = await startRelay({ store, flags, binary, port: relay.port });
    },
  };
}
