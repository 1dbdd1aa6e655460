/** Connects the MCP server to the rest of the client: settings, sessions, error messages. */
import { RelayClient } from '../client/relay-client.ts';
import { ConfigError } from '../config/config-error.ts';
import type { ChosenSession } from '../config/resolve-session.ts';
import type { Host, HostSession, KnownSession } from '../mcp/host.ts';
import { ToolError } from '../mcp/tool-error.ts';
import { dialectOf } from '../client/open-session.ts';
import { isKey } from '../protocol/keys.ts';
import type { SessionPayload } from '../protocol/session-payload.ts';
import type { Context, Surroundings } from './context.ts';
import { describeClient } from './describe-client.ts';
import { explain } from './explain.ts';
import { onInterrupt } from './interrupts.ts';
import { buildOwnLine } from './own-line.ts';
import { escapeBytes } from '../text/escape-bytes.ts';
import { maskKeys } from '../text/mask-keys.ts';
import { quote } from '../text/quote.ts';

async function open(context: Context, chosen: ChosenSession): Promise<HostSession> {
  const session = await context.openSession(chosen);
  const { key, url } = chosen;
  const line = await buildOwnLine({ key, url, dialect: session.dialect, quickstart: session.quickstart });
  return { ...session, ...line, key };
}

/** A longer line of a relay is not stored: this client builds its own instead. */
const maxLineChars = 500;

async function chooseLine(context: Context, payload: SessionPayload): Promise<string> {
  const { key, features, remote_quickstart: quickstart } = payload;
  if (quickstart.length <= maxLineChars) return quickstart;
  return (await buildOwnLine({ key, url: context.url(), dialect: dialectOf(features), quickstart }))
    .quickstart;
}

/** Creates a session and stores it. If the settings cannot be used, only this process knows the session. */
async function makeForHost(context: Context, name: string | undefined): Promise<HostSession> {
  const { makeSession } = await import('./make-session.ts');
  try {
    const renderLine = (payload: SessionPayload) => chooseLine(context, payload);
    const made = await makeSession(context, { name, renderLine });
    return await open(context, { name: made.name, ...made.stored });
  } catch (error) {
    if (!(error instanceof ConfigError) || error.kind !== 'setting') throw error;
    const url = context.url();
    const payload = await new RelayClient(await context.http(url)).createSession(context.token);
    const { key, features = [], remote_quickstart: quickstart } = payload;
    return open(context, { key, url, features, quickstart });
  }
}

/** Throws a ConfigError if the settings cannot be read. */
function listSessions(context: Context): KnownSession[] {
  const { sessions, current } = context.settings();
  return Object.entries(sessions).map(([name, { url }]) => ({ name, url, isCurrent: name === current }));
}

/** Throws a ToolError for an unknown name. It lists the stored names, so that a model can correct its call. */
function checkName(context: Context, name: string | undefined): void {
  if (name === undefined || isKey(name)) return;
  const known = listSessions(context);
  if (known.some((one) => one.name === name)) return;
  const names = known.map((one) => `${one.name}${one.isCurrent ? ' (current)' : ''}`);
  throw new ToolError(
    'input',
    `no stored session is called ${quote(maskKeys(name))}`,
    names.length === 0
      ? 'no session is stored: leave session out, and remote_exec creates one'
      : `the stored sessions are ${names.join(', ')}; leave session out for the current one`,
  );
}

function show(text: string): string {
  return escapeBytes(Buffer.from(maskKeys(text)));
}

/** `openContext` is called at a tool call, not at start: a host waits for the list of tools, which needs no settings. */
export function openMcpHost({ io, version }: Surroundings, openContext: () => Promise<Context>): Host {
  // Some hosts stop a server with a signal. Treat it like a closed stdin: queued commands are cancelled.
  onInterrupt(() => void io.stdin.destroy());
  return {
    input: io.stdin,
    output: io.stdout,
    version,
    describedAs: describeClient(version),
    showBytes: escapeBytes,
    explain: (error) => {
      const { message, hint, code } = explain(error);
      return { message: show(message), hint: hint === undefined ? undefined : show(hint), code };
    },
    listSessions: async () => listSessions(await openContext()),
    openSession: async (name) => {
      const context = await openContext();
      checkName(context, name);
      const chosen = context.chosen(name);
      return chosen && open(context, chosen);
    },
    makeSession: async (name) => makeForHost(await openContext(), name),
  };
}
