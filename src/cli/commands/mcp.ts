/** `remotify mcp`: a tool for models, on stdin and stdout. */
import type { Command } from 'commander';
import { defaultUrl } from '../../config/parse-url.ts';
import { quote } from '../../config/parse-values.ts';
import type { Run } from '../command-module.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { openMcpHost } from '../mcp-host.ts';
import { mcpHosts, renderMcpConfig } from '../mcp-config.ts';

export function describe(command: Command): void {
  command
    .argument('[action]', 'config: print what a host needs to be told')
    .argument('[host]', mcpHosts.join(', '))
    .addHelpText(
      'after',
      `
Speaks the Model Context Protocol on stdin and stdout, for hosts that start it. Tools: remote_exec, remote_output,
remote_cancel, remote_session_info, remote_session_reset. Environment: REMOTIFY_URL, REMOTIFY_KEY, REMOTIFY_TOKEN;
REMOTIFY_KEY_FILE and REMOTIFY_TOKEN_FILE name files that hold these.

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

export const run: Run = async (context, command) => {
  const [action, host] = command.args;
  if (action === 'config') return printConfig(context, host);
  if (action !== undefined)
    throw new Failure(`no such action: ${quote(action)}`, 'config, or nothing', exitCodes.usage);
  const { serveMcp } = await import('../../mcp/serve-mcp.ts');
  await serveMcp(openMcpHost(context, () => Promise.resolve(context)));
  return exitCodes.ok;
};
