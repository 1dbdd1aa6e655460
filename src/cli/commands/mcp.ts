/** `remotify mcp`: a tool for models, on stdin and stdout. */
import type { Command } from 'commander';
import { RelayClient } from '../../client/relay-client.ts';
import { ConfigError } from '../../config/config-error.ts';
import { defaultUrl } from '../../config/parse-url.ts';
import { quote } from '../../config/parse-values.ts';
import { escapeBytes } from '../../terminal/escape.ts';
import { maskKeys } from '../../terminal/printer.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { explain } from '../explain.ts';
import { Failure } from '../failure.ts';
import { makeSession } from '../make-session.ts';
import { mcpHosts, renderMcpConfig } from '../mcp-config.ts';
import type { Run } from '../program.ts';

export function describe(command: Command): void {
  command
    .argument('[action]', 'config: print what a host needs to be told')
    .argument('[host]', mcpHosts.join(', '))
    .addHelpText(
      'after',
      `
Speaks the Model Context Protocol on stdin and stdout, for hosts that start it. Tools: remote_exec, remote_output,
remote_cancel, remote_session_info, remote_session_reset. Environment: REMOTIFY_URL, REMOTIFY_KEY, REMOTIFY_TOKEN.

Examples:
  $ remotify mcp config claude-code
  $ remotify mcp config codex --url https://relay.example >> ~/.codex/config.toml`,
    );
}

async function printConfig(context: Context, host: string | undefined): Promise<number> {
  const url = context.url();
  const found = renderMcpConfig(host ?? '', url === defaultUrl ? {} : { REMOTIFY_URL: url });
  if (!found) {
    throw new Failure(
      host === undefined ? 'which host?' : `no such host: ${quote(host)}`,
      `there are snippets for ${mcpHosts.join(', ')}`,
      exitCodes.usage,
    );
  }
  const { file, snippet } = found;
  if (context.json) {
    await context.printer.printJson({ host, file, snippet });
    return exitCodes.ok;
  }
  await context.printer.note(file === null ? 'run this in a shell:' : `add this to ${file}:`);
  await context.printer.print(snippet);
  return exitCodes.ok;
}

/** Stored like any other; where nothing can be stored, it is of this process only. */
async function makeForHost(context: Context, name: string | undefined): Promise<OpenSession> {
  try {
    const made = await makeSession(context, name);
    return await context.openSession({ name: made.name, ...made.stored });
  } catch (error) {
    if (!(error instanceof ConfigError) || error.kind !== 'setting') throw error;
    const url = context.url();
    const payload = await new RelayClient(await context.http(url)).createSession(context.token);
    const { key, features = [], remote_quickstart: quickstart } = payload;
    return context.openSession({ key, url, features, quickstart });
  }
}

export const run: Run = async (context, command) => {
  const [action, host] = command.args;
  if (action === 'config') return printConfig(context, host);
  if (action !== undefined)
    throw new Failure(`no such action: ${quote(action)}`, 'config, or nothing', exitCodes.usage);
  const { serveMcp } = await import('../../mcp/serve-mcp.ts');
  await serveMcp({
    input: context.io.stdin,
    output: context.io.stdout,
    version: context.version,
    describedAs: context.describeClient(),
    showBytes: escapeBytes,
    explain: (error) => {
      const { message, hint } = explain(error);
      const clean = (text: string): string => escapeBytes(Buffer.from(maskKeys(text)));
      return { message: clean(message), hint: hint === undefined ? undefined : clean(hint) };
    },
    openSession: async (name) => {
      const chosen = context.chosen(name);
      return chosen && context.openSession(chosen);
    },
    makeSession: (name) => makeForHost(context, name),
  });
  return exitCodes.ok;
};
