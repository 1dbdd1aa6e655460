import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../harness/client.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { type McpHost, startMcpHost } from './mcp-host.ts';

/** An MCP host with a temporary folder, where commands record each of their runs. */
export type TracedHost = McpHost & {
  folder: string;
  /** Shell text that records a run, and then runs `command`. */
  traced: (command: string) => string;
  countRuns: () => Promise<number>;
  /** Stops commands that a failed test left running, so that the next test need not wait for them. */
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
