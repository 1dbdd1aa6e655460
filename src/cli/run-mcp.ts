/** Runs `remotify mcp` without options. A host waits for the start, so the code that parses options is not loaded. */
import { readEnvironment } from '../config/environment.ts';
import { openIo } from '../terminal/io.ts';
import type { Context } from './context.ts';
import { openMcpHost } from './mcp-host.ts';
import { serveMcp } from '../mcp/serve-mcp.ts';

export async function runMcp(version: string): Promise<void> {
  const surroundings = { io: openIo(), environment: readEnvironment(), version };
  let context: Promise<Context> | undefined;
  const openContext = (): Promise<Context> =>
    (context ??= import('./context.ts').then((module) => new module.Context(surroundings, {})));
  await serveMcp(openMcpHost(surroundings, openContext));
  await (await context)?.close();
}
