import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { mcpHosts } from '../../src/cli/mcp-config.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { runCli } from '../harness/cli.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { startMcpHost } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';

const root = new URL('../../', import.meta.url);
const readJson = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, root), 'utf8')) as T;

async function remotify(...args: string[]) {
  const folder = await forTest(makeTemporaryFolder());
  const result = await runCli(args, { configDir: folder.path });
  return { ...result, text: result.stdout.toString('utf8') };
}

type Server = { command: string | string[]; args?: string[]; env?: object; environment?: object };

/** The property with the servers in each JSON format. */
const places: Record<string, string> = {
  'claude-desktop': 'mcpServers',
  cursor: 'mcpServers',
  gemini: 'mcpServers',
  windsurf: 'mcpServers',
  cline: 'mcpServers',
  vscode: 'servers',
  zed: 'context_servers',
  opencode: 'mcp',
};

describe('remotify mcp config', () => {
  test('the accepted hosts are those in docs/mcp.md', () => {
    const text = readFileSync(new URL('docs/mcp.md', root), 'utf8');
    const named = [...text.matchAll(/\| `remotify mcp config ([a-z-]+)/g)].map(([, host]) => host);
    expect(new Set(named)).toEqual(new Set(mcpHosts));
  });

  test.each(Object.entries(places))('%s: JSON with the servers in %s', async (host, place) => {
    const { exitCode, text, stderr } = await remotify('mcp', 'config', host, '--url', 'http://relay.example');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^remotify: add this to \S+.*:\n$/);
    const server = (JSON.parse(text) as Record<string, { remotify: Server }>)[place]?.remotify;
    expect([server?.command, server?.args ?? []].flat(2)).toEqual(['remotify', 'mcp']);
    expect(server?.env ?? server?.environment).toEqual({ REMOTIFY_URL: 'http://relay.example' });
  });

  test('claude-code: prints a shell command', async () => {
    const { text } = await remotify('mcp', 'config', 'claude-code', '--url', 'http://relay.example');
    expect(text).toBe(
      'claude mcp add --env REMOTIFY_URL=http://relay.example -s user remotify -- remotify mcp\n',
    );
  });

  test('claude-code without variables: the command of the original README', async () => {
    const { text } = await remotify('mcp', 'config', 'claude-code');
    expect(text).toBe('claude mcp add -s user remotify -- remotify mcp\n');
  });

  test('claude-code --npx: the npx command of the original README, with the package of this project', async () => {
    const { text, stderr } = await remotify('mcp', 'config', 'claude-code', '--npx');
    expect(text).toBe('claude mcp add -s user remotify -- npx -y remotify@latest mcp\n');
    expect(stderr).toBe('remotify: run this in a shell:\n');
  });

  test.each(Object.entries(places))('%s --npx: the same JSON, started by npx', async (host, place) => {
    const { text } = await remotify('mcp', 'config', host, '--npx');
    const server = (JSON.parse(text) as Record<string, { remotify: Server }>)[place]?.remotify;
    expect([server?.command, server?.args ?? []].flat(2)).toEqual(['npx', '-y', 'remotify@latest', 'mcp']);
  });

  test('continue and codex --npx: YAML and TOML', async () => {
    const yaml = parse((await remotify('mcp', 'config', 'continue', '--npx')).text) as {
      mcpServers: Server[];
    };
    expect(yaml.mcpServers[0]).toMatchObject({ command: 'npx', args: ['-y', 'remotify@latest', 'mcp'] });
    const toml = (await remotify('mcp', 'config', 'codex', '--npx')).text;
    expect(toml).toContain('command = "npx"\nargs = ["-y","remotify@latest","mcp"]\n');
  });

  test('remotify is not on PATH: the message mentions it; on PATH: it does not', async () => {
    const { stderr } = await remotify('mcp', 'config', 'cursor');
    expect(stderr).toBe(
      'remotify: add this to ~/.cursor/mcp.json (needs remotify on PATH; --npx does not):\n',
    );
    const folder = await forTest(makeTemporaryFolder());
    await writeFile(join(folder.path, 'remotify'), '');
    const found = await runCli(['mcp', 'config', 'cursor'], {
      configDir: folder.path,
      env: { PATH: folder.path },
    });
    expect(found.stderr).toBe('remotify: add this to ~/.cursor/mcp.json:\n');
  });

  test('cline: the snippet has a timeout of 90 s, longer than a call', async () => {
    const { text } = await remotify('mcp', 'config', 'cline');
    expect(JSON.parse(text)).toEqual({
      mcpServers: { remotify: { command: 'remotify', args: ['mcp'], timeout: 90 } },
    });
  });

  test.each([
    ['http://relay.example', { REMOTIFY_URL: 'http://relay.example' }],
    ['https://remotify.run', undefined],
  ])('continue: prints a complete YAML file, for %s', async (url, env) => {
    const { text, stderr } = await remotify('mcp', 'config', 'continue', '--url', url);
    expect(stderr).toContain('.continue/mcpServers/remotify.yaml');
    expect(parse(text)).toEqual({
      name: 'Remotify',
      version: '0.0.1',
      schema: 'v1',
      mcpServers: [{ name: 'remotify', command: 'remotify', args: ['mcp'], ...(env && { env }) }],
    });
  });

  test('codex: prints a TOML table, with a timeout of 90 s, longer than a call', async () => {
    const { text } = await remotify('mcp', 'config', 'codex', '--url', 'http://relay.example');
    expect(text).toBe(`[mcp_servers.remotify]
command = "remotify"
args = ["mcp"]
tool_timeout_sec = 90

[mcp_servers.remotify.env]
REMOTIFY_URL = "http://relay.example"
`);
  });

  test('the default relay: the snippet has no variables', async () => {
    expect((await remotify('mcp', 'config', 'cursor')).text).not.toContain('env');
    expect((await remotify('mcp', 'config', 'codex')).text).not.toContain('env');
  });

  test('--json: an object with host, file and snippet', async () => {
    const { text } = await remotify('mcp', 'config', 'zed', '--json');
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['host', 'file', 'snippet']);
  });

  test.each([
    [['mcp', 'config'], 'missing HOST'],
    [['mcp', 'config', 'emacs'], 'no such host: "emacs"'],
    [['mcp', 'run'], 'no such action: "run"'],
  ])('%j: a usage error', async (args, message) => {
    const { exitCode, text, stderr } = await remotify(...args);
    expect([exitCode, text]).toEqual([2, '']);
    expect(stderr).toContain(`remotify: error: ${message}`);
  });
});

type Registered = {
  $schema: string;
  name: string;
  description: string;
  version: string;
  packages: {
    registryType: string;
    identifier: string;
    version: string;
    transport: { type: string };
    packageArguments: { type: string; value: string }[];
    environmentVariables: { name: string; isSecret: boolean }[];
  }[];
};

describe('remotify-mcp', () => {
  const path = fileURLToPath(new URL('bin/remotify-mcp.js', root));
  const start = async (...args: string[]) => {
    const folder = await forTest(makeTemporaryFolder());
    const env = cleanEnvironment(folder.path, { REMOTIFY_CONFIG_DIR: folder.path });
    const run = spawnCaptured(process.execPath, [path, ...args], { env });
    const { code } = await withDeadline(run.closed, 20_000, 'remotify-mcp ends');
    return { code, text: run.stdout().toString('utf8') };
  };

  test('package.json has remotify-mcp next to remotify', () => {
    expect(readJson<{ bin: object }>('package.json').bin).toEqual({
      remotify: 'bin/remotify.js',
      'remotify-mcp': 'bin/remotify-mcp.js',
    });
  });

  test('--version, --help and config: as for remotify mcp', async () => {
    const { version } = readJson<{ version: string }>('package.json');
    expect(await start('--version')).toEqual({ code: 0, text: `${version}\n` });
    const { code, text } = await start('--help');
    expect([code, text]).toEqual([0, expect.stringContaining('Usage: remotify mcp')]);
    expect((await start('config', 'cursor')).text).toContain('mcpServers');
  });

  test('without arguments: runs the MCP server', async () => {
    const folder = await forTest(makeTemporaryFolder());
    const host = await forTest(startMcpHost(folder.path, {}, '2025-11-25', [path]));
    expect((await host.client.listTools()).tools).toHaveLength(7);
  });
});

test('templates/AGENTS.md.example: equals the output of `remotify agents`, and is part of the package', async () => {
  const { text } = await remotify('agents');
  expect(readFileSync(new URL('templates/AGENTS.md.example', root), 'utf8')).toBe(text);
  expect(readJson<{ files: string[] }>('package.json').files).toContain('templates');
});

test('server.json: matches package.json and the rules of the registry', () => {
  const server = readJson<Registered>('server.json');
  const { name, version, mcpName } = readJson<{ name: string; version: string; mcpName: string }>(
    'package.json',
  );
  expect(server.$schema).toBe('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json');
  expect(server.name).toBe(mcpName);
  expect(server.name).toMatch(/^io\.github\.[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/);
  expect(server.description.length).toBeLessThanOrEqual(100);
  expect(server.version).toBe(version);
  expect(server.packages).toHaveLength(1);
  expect(server.packages[0]).toMatchObject({
    registryType: 'npm',
    identifier: name,
    version,
    transport: { type: 'stdio' },
    packageArguments: [{ type: 'positional', value: 'mcp' }],
  });
  const variables = server.packages[0]?.environmentVariables ?? [];
  expect(variables.map(({ name: variable, isSecret }) => [variable, isSecret])).toEqual([
    ['REMOTIFY_URL', false],
    ['REMOTIFY_KEY', true],
    ['REMOTIFY_TOKEN', true],
  ]);
});

test('the host closes stdin: the server exits with status 0, and stdout has only protocol messages', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  };
  const call = {
    jsonrpc: '2.0',
    id: 2,
    method: 'tools/call',
    params: { name: 'remote_session_info', arguments: {} },
  };
  const lines = ['not json', JSON.stringify(initialize), JSON.stringify(call), '{"jsonrpc":"2.0"}'];
  const { exitCode, stdout } = await runCli(['mcp'], {
    configDir: folder.path,
    env: { REMOTIFY_URL: 'http://127.0.0.1:1' },
    stdin: `${lines.join('\n')}\n`,
  });
  expect(exitCode).toBe(0);
  const said = stdout.toString('utf8').trimEnd().split('\n');
  for (const line of said) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
  expect(said.map((line) => (JSON.parse(line) as { id?: number }).id)).toContain(1);
});

test('a config folder that cannot be written: the server still works, with a session that is not stored', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const relay = await forTest(startRelay());
  // A file instead of the folder also stops root, who ignores permissions.
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  const host = await forTest(
    startMcpHost(folder.path, {
      REMOTIFY_URL: relay.url,
      REMOTIFY_CONFIG_DIR: join(file, 'settings'),
    }),
  );
  const { data } = await host.exec('true', { wait_seconds: 0 });
  expect(data.state).toBe('queued');
  expect(data.paste?.supervised).toContain(relay.url);
});

test('a relay that requires a token: the server sends REMOTIFY_TOKEN', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const relay = await forTest(startRelay({ flags: ['--token', 'open-sesame'] }));
  const without = await forTest(startMcpHost(folder.path, { REMOTIFY_URL: relay.url }));
  expect((await without.exec('true', { wait_seconds: 0 })).text).toContain('REMOTIFY_TOKEN');
  const host = await forTest(
    startMcpHost(folder.path, { REMOTIFY_URL: relay.url, REMOTIFY_TOKEN: 'open-sesame' }),
  );
  expect((await host.exec('true', { wait_seconds: 0 })).data.state).toBe('queued');
});
