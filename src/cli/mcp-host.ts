/** What the MCP server gets of the command line: settings, sessions, words. */
import { RelayClient } from '../client/relay-client.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Host } from '../mcp/host.ts';
import { escapeBytes } from '../terminal/escape.ts';
import { maskKeys } from '../terminal/printer.ts';
import { checkLine } from './check-line.ts';
import type { Context, OpenSession, Surroundings } from './context.ts';
import { describeClient } from './describe-client.ts';
import { explain } from './explain.ts';

/** Stored like any other; where nothing can be stored, it is of this process only. */
async function makeForHost(context: Context, name: string | undefined): Promise<OpenSession> {
  const { makeSession } = await import('./make-session.ts');
  try {
    const made = await makeSession(context, { name });
    return await context.openSession({ name: made.name, ...made.stored });
  } catch (error) {
    if (!(error instanceof ConfigError) || error.kind !== 'setting') throw error;
    const url = context.url();
    const payload = await new RelayClient(await context.http(url)).createSession(context.token);
    const { key, features = [], remote_quickstart: quickstart } = payload;
    await checkLine(context, quickstart, url);
    return context.openSession({ key, url, features, quickstart });
  }
}

function show(text: string): string {
  return escapeBytes(Buffer.from(maskKeys(text)));
}

/** `openContext` is called when a tool is: a host waits for the list of them, which needs no settings. */
export function openMcpHost({ io, version }: Surroundings, openContext: () => Promise<Context>): Host {
  return {
    input: io.stdin,
    output: io.stdout,
    version,
    describedAs: describeClient(version),
    showBytes: escapeBytes,
    explain: (error) => {
      const { message, hint } = explain(error);
      return { message: show(message), hint: hint === undefined ? undefined : show(hint) };
    },
    openSession: async (name) => {
      const context = await openContext();
      const chosen = context.chosen(name);
      return chosen && context.openSession(chosen);
    },
    makeSession: async (name) => makeForHost(await openContext(), name),
  };
}
