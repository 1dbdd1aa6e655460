/** Renders the settings with which each MCP host starts the server, in the host's own format. */
export interface HostConfig {
  /** Where the snippet goes; null for a command to run in a shell. */
  file: string | null;
  snippet: string;
}

type Variables = Record<string, string>;

/** How a host starts the server. */
interface Start {
  command: string;
  args: string[];
}

const installed: Start = { command: 'remotify', args: ['mcp'] };

/** Needs Node and npm on the machine of the host, but no installed remotify. */
const byNpx: Start = { command: 'npx', args: ['-y', 'remotify@latest', 'mcp'] };

/** Longer than a tool call may take: the default timeout of some hosts is too short. */
const toolTimeoutSeconds = 90;

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Adds `"env": {…}` unless it is empty. */
function withEnv(server: object, env: Variables, name = 'env'): object {
  return Object.keys(env).length === 0 ? server : { ...server, [name]: env };
}

/** The format that most hosts share. */
function renderMcpServers(start: Start, env: Variables, more: object = {}): string {
  return toJson({ mcpServers: { remotify: withEnv({ ...start, ...more }, env) } });
}

function renderClaudeCode({ command, args }: Start, env: Variables): string {
  const variables = Object.entries(env).map(([name, value]) => ` --env ${name}=${value}`);
  // --env takes several values: another option must separate them from the name. Without -s user, only one folder gets the server.
  return `claude mcp add${variables.join('')} -s user remotify -- ${[command, ...args].join(' ')}\n`;
}

/** Continue reads a YAML file per server. */
function renderContinue({ command, args }: Start, env: Variables): string {
  const variables = Object.entries(env).map(([name, value]) => `      ${name}: ${JSON.stringify(value)}`);
  const lines = [
    'name: Remotify',
    'version: 0.0.1',
    'schema: v1',
    'mcpServers:',
    '  - name: remotify',
    `    command: ${command}`,
    '    args:',
    ...args.map((word) => `      - ${/^[a-z]+$/.test(word) ? word : JSON.stringify(word)}`),
    ...(variables.length === 0 ? [] : ['    env:', ...variables]),
  ];
  return `${lines.join('\n')}\n`;
}

function renderCodex({ command, args }: Start, env: Variables): string {
  const lines = [
    '[mcp_servers.remotify]',
    `command = ${JSON.stringify(command)}`,
    `args = ${JSON.stringify(args)}`,
    `tool_timeout_sec = ${toolTimeoutSeconds}`,
  ];
  const variables = Object.entries(env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  if (variables.length > 0) lines.push('', '[mcp_servers.remotify.env]', ...variables);
  return `${lines.join('\n')}\n`;
}

const renderers: Record<string, (start: Start, env: Variables) => HostConfig> = {
  'claude-code': (start, env) => ({ file: null, snippet: renderClaudeCode(start, env) }),
  'claude-desktop': (start, env) => ({
    file: 'claude_desktop_config.json (Settings, Developer, Edit Config)',
    snippet: renderMcpServers(start, env),
  }),
  cursor: (start, env) => ({ file: '~/.cursor/mcp.json', snippet: renderMcpServers(start, env) }),
  codex: (start, env) => ({ file: '~/.codex/config.toml', snippet: renderCodex(start, env) }),
  gemini: (start, env) => ({
    file: '~/.gemini/settings.json',
    snippet: renderMcpServers(start, env, { timeout: toolTimeoutSeconds * 1000 }),
  }),
  vscode: (start, env) => ({
    file: '.vscode/mcp.json',
    snippet: toJson({ servers: { remotify: withEnv({ type: 'stdio', ...start }, env) } }),
  }),
  windsurf: (start, env) => ({
    file: '~/.codeium/windsurf/mcp_config.json',
    snippet: renderMcpServers(start, env),
  }),
  continue: (start, env) => ({
    file: '.continue/mcpServers/remotify.yaml (the list of mcpServers also fits into ~/.continue/config.yaml)',
    snippet: renderContinue(start, env),
  }),
  cline: (start, env) => ({
    file: 'cline_mcp_settings.json (MCP Servers, Configure, Configure MCP Servers)',
    snippet: renderMcpServers(start, env, { timeout: toolTimeoutSeconds }),
  }),
  zed: (start, env) => ({
    file: '~/.config/zed/settings.json',
    snippet: toJson({ context_servers: { remotify: withEnv(start, env) } }),
  }),
  opencode: (start, env) => ({
    file: 'opencode.json',
    snippet: toJson({
      $schema: 'https://opencode.ai/config.json',
      mcp: {
        remotify: withEnv(
          { type: 'local', command: [start.command, ...start.args], enabled: true },
          env,
          'environment',
        ),
      },
    }),
  }),
};

export const mcpHosts = Object.keys(renderers);

/** Undefined for an unknown host. Values of variables are URLs, which need no quotes in a shell. */
export function renderMcpConfig(
  host: string,
  env: Variables,
  { npx }: { npx: boolean },
): HostConfig | undefined {
  return Object.hasOwn(renderers, host) ? renderers[host]?.(npx ? byNpx : installed, env) : undefined;
}
