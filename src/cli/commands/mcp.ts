/** `remotify mcp`: runs the MCP server on stdin and stdout, or prints the settings for a host that starts it. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Command } from 'commander';
import { readVariable } from '../../config/environment.ts';
import { defaultUrl } from '../../config/parse-url.ts';
import type { Run } from '../command-module.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';
import { openMcpHost } from '../mcp-host.ts';
import { mcpHosts, renderMcpConfig } from '../mcp-config.ts';
import { quote } from '../../text/quote.ts';

export function describe(command: Command): void {
  command
    .argument('[action]', 'config: print the settings for an MCP host')
    .argument('[host]', mcpHosts.join(', '))
    .option('--npx', 'config: start the server with npx, without installing remotify');
  addHelp(command, {
    notes: [
      'Serves the Model Context Protocol on stdin and stdout; an MCP host starts it. `remotify-mcp` is the same server.',
      'Tools: remote_exec, remote_output, remote_cancel, remote_read_file, remote_write_file, remote_session_info, remote_session_reset.',
      'Environment: REMOTIFY_URL, REMOTIFY_KEY, REMOTIFY_TOKEN; REMOTIFY_KEY_FILE and REMOTIFY_TOKEN_FILE name files that hold these.',
    ],
    examples: [
      'remotify mcp config claude-code | sh',
      'remotify mcp config claude-code --npx',
      'remotify mcp config codex --url https://relay.example >> ~/.codex/config.toml',
    ],
  });
}

/** Ignores folders that npx or npm run put on PATH temporarily. */
function isInstalled({ environment }: Context): boolean {
  const folders = (readVariable(environment, 'PATH') ?? '').split(delimiter);
  return folders.some((folder) => !folder.includes('node_modules') && existsSync(join(folder, 'remotify')));
}

async function printConfig(context: Context, host: string | undefined, npx: boolean): Promise<number> {
  const url = context.url();
  const found = renderMcpConfig(host ?? '', url === defaultUrl ? {} : { REMOTIFY_URL: url }, { npx });
  if (!found) {
    throw new Failure(
      host === undefined ? 'missing HOST' : `no such host: ${quote(host)}`,
      `supported hosts: ${mcpHosts.join(', ')}`,
      exitCodes.usage,
    );
  }
  const { file, snippet } = found;
  if (context.json) {
    await context.printer.printJson({ host, file, snippet });
    return exitCodes.ok;
  }
  const needs = npx || isInstalled(context) ? '' : ' (needs remotify on PATH; --npx does not)';
  await context.printer.note(file === null ? `run this in a shell${needs}:` : `add this to ${file}${needs}:`);
  await context.printer.print(snippet);
  return exitCodes.ok;
}

export const run: Run = async (context, command) => {
  const [action, host] = command.args;
  if (action === 'config') return printConfig(context, host, command.opts()['npx'] === true);
  if (action !== undefined)
    throw new Failure(
      `no such action: ${quote(action)}`,
      'expected `config` or no argument',
      exitCodes.usage,
    );
  if (context.io.stdin.isTTY)
    await context.printer.note(
      'waiting for an MCP host on stdin; for the settings of a host run `remotify mcp config HOST`',
    );
  const { serveMcp } = await import('../../mcp/serve-mcp.ts');
  await serveMcp(openMcpHost(context, () => Promise.resolve(context)));
  return exitCodes.ok;
};
