/** What each MCP host wants to be told, in its own format and place. */
export interface HostConfig {
  /** Where it goes; a command to be typed in a shell has no file. */
  file: string | null;
  snippet: string;
}

type Variables = Record<string, string>;

const command = 'remotify';
const args = ['mcp'];

/** Longer than a call may take: some hosts give up sooner than they must. */
const toolTimeoutSeconds = 90;

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `"env": {…}` only where there is something in it. */
function withEnv(server: object, env: Variables, name = 'env'): object {
  return Object.keys(env).length === 0 ? server : { ...server, [name]: env };
}

/** The format that most have in common. */
function renderMcpServers(env: Variables, more: object = {}): string {
  return toJson({ mcpServers: { remotify: withEnv({ command, args, ...more }, env) } });
}

function renderClaudeCode(env: Variables): string {
  const variables = Object.entries(env).map(([name, value]) => ` --env ${name}=${value}`);
  // Its --env takes several values: another option must stand between them and the name. Without -s user, only one folder has it.
  return `claude mcp add${variables.join('')} -s user remotify -- ${[command, ...args].join(' ')}\n`;
}

/** A file of its own, in YAML. */
function renderContinue(env: Variables): string {
  const variables = Object.entries(env).map(([name, value]) => `      ${name}: ${JSON.stringify(value)}`);
  const lines = [
    'name: Remotify',
    'version: 0.0.1',
    'schema: v1',
    'mcpServers:',
    '  - name: remotify',
    `    command: ${command}`,
    '    args:',
    ...args.map((word) => `      - ${word}`),
    ...(variables.length === 0 ? [] : ['    env:', ...variables]),
  ];
  return `${lines.join('\n')}\n`;
}

function renderCodex(env: Variables): string {
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

const renderers: Record<string, (env: Variables) => HostConfig> = {
  'claude-code': (env) => ({ file: null, snippet: renderClaudeCode(env) }),
  'claude-desktop': (env) => ({
    file: 'claude_desktop_config.json (Settings, Developer, Edit Config)',
    snippet: renderMcpServers(env),
  }),
  cursor: (env) => ({ file: '~/.cursor/mcp.json', snippet: renderMcpServers(env) }),
  codex: (env) => ({ file: '~/.codex/config.toml', snippet: renderCodex(env) }),
  gemini: (env) => ({
    file: '~/.gemini/settings.json',
    snippet: renderMcpServers(env, { timeout: toolTimeoutSeconds * 1000 }),
  }),
  vscode: (env) => ({
    file: '.vscode/mcp.json',
    snippet: toJson({ servers: { remotify: withEnv({ type: 'stdio', command, args }, env) } }),
  }),
  windsurf: (env) => ({ file: '~/.codeium/windsurf/mcp_config.json', snippet: renderMcpServers(env) }),
  continue: (env) => ({
    file: '.continue/mcpServers/remotify.yaml (the list of mcpServers also fits into ~/.continue/config.yaml)',
    snippet: renderContinue(env),
  }),
  cline: (env) => ({
    file: 'cline_mcp_settings.json (MCP Servers, Configure, Configure MCP Servers)',
    snippet: renderMcpServers(env, { timeout: toolTimeoutSeconds }),
  }),
  zed: (env) => ({
    file: '~/.config/zed/settings.json',
    snippet: toJson({ context_servers: { remotify: withEnv({ command, args }, env) } }),
  }),
  opencode: (env) => ({
    file: 'opencode.json',
    snippet: toJson({
      $schema: 'https://opencode.ai/config.json',
      mcp: {
        remotify: withEnv({ type: 'local', command: [command, ...args], enabled: true }, env, 'environment'),
      },
    }),
  }),
};

export const mcpHosts = Object.keys(renderers);

/** Undefined for a host that is not known. Values of variables are URLs, which need no quotes in a shell. */
export function renderMcpConfig(host: string, env: Variables): HostConfig | undefined {
  return Object.hasOwn(renderers, host) ? renderers[host]?.(env) : undefined;
}
