import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../harness/client.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { type McpHost, startMcpHost } from './mcp-host.ts';

/** A host with a folder where commands leave a trace of each of their runs. */
export type TracedHost = McpHost & {
  folder: string;
  /** Shell text that leaves a trace, and then does this. */
  traced: (command: string) => string;
  countRuns: () => Promise<number>;
  /** Ends what a failed test left running: it is not to keep the next one waiting. */
  stop: () => Promise<void>;
};

export async function startTracedHost(client: Client, relay: { url: string }): Promise<TracedHost> {
  const host = await startMcpHost(client.configDir, { REMOTIFY_URL: relay.url });
  const temporary = await makeTemporaryFolder();
  const path = join(temporary.path, 'runs');
  return {
    ...host,
    folder: temporary.path,
    traced: (command) => `echo run >> '${path}'; ${command}`,
    countRuns: async () => (await readFile(path, 'utf8').catch(() => '')).split('\n').length - 1,
    stop: async () => {
      await host.call('remote_session_reset');
      await host.close();
      await temporary.remove();
    },
  };
}
