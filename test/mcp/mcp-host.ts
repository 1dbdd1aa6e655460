import { Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { binaryPath } from '../harness/binary.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { type ReadAnswer, readAnswer } from './read-answer.ts';

/** Protocol revisions: those with `initialize`, and 2026-07-28, which has none. */
export const versions = [
  '2024-10-07',
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  '2025-11-25',
  '2026-07-28',
] as const;
export type Version = (typeof versions)[number];

const newest: Version = '2026-07-28';

export type Answer = {
  text: string;
  /** The parsed answer. Throws the text of the answer if it is an error. */
  readonly data: ReadAnswer;
  isError: boolean;
};

export type CallOptions = {
  signal?: AbortSignal;
  /** Requests progress notifications. */
  onProgress?: (message: string, progress: number) => void;
};

export type McpHost = {
  client: Client;
  pid: number;
  stderr: () => string;
  /** Size of the last result in bytes, as JSON. */
  resultBytes: () => number;
  /** Methods of the received notifications, in order. */
  notified: () => readonly string[];
  call: (tool: string, input?: object, options?: CallOptions) => Promise<Answer>;
  exec: (command: string, more?: object, options?: CallOptions) => Promise<Answer>;
  /** Closes the server's stdin and waits until the server exits. */
  close: () => Promise<void>;
};

function optionsFor(version: Version): ClientOptions {
  return version === newest
    ? { versionNegotiation: { mode: { pin: version } } }
    : { supportedProtocolVersions: [version] };
}

/** Starts `remotify mcp` and connects the official client to its stdio. `configDir` is also HOME. */
export async function startMcpHost(
  configDir: string,
  env: Record<string, string>,
  version: Version = newest,
  program: string[] = [binaryPath, 'mcp'],
): Promise<McpHost> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: program,
    env: cleanEnvironment(configDir, { REMOTIFY_CONFIG_DIR: configDir, ...env }),
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString('utf8');
  });
  const client = new Client({ name: 'test-host', version: '1.0.0' }, optionsFor(version));
  await withDeadline(client.connect(transport), 15_000, `the server answers in ${version}`);
  const notified: string[] = [];
  let resultBytes = 0;
  const { onmessage } = transport;
  transport.onmessage = (message) => {
    if ('method' in message && !('id' in message)) notified.push(message.method);
    if ('result' in message) resultBytes = Buffer.byteLength(JSON.stringify(message.result));
    onmessage?.(message);
  };
  const call: McpHost['call'] = async (tool: string, input: object = {}, options: CallOptions = {}) => {
    const { signal, onProgress } = options;
    const answering = client.callTool(
      { name: tool, arguments: { ...input } },
      {
        timeout: 60_000,
        ...(signal && { signal }),
        ...(onProgress && { onprogress: ({ message = '', progress }) => onProgress(message, progress) }),
      },
    );
    const { content, isError = false } = await answering;
    const text = (content as { type: string; text?: string }[]).map((part) => part.text ?? '').join('');
    return {
      text,
      isError,
      get data() {
        if (isError) throw new Error(`the tool failed: ${text}`);
        return readAnswer(text);
      },
    };
  };
  return {
    client,
    pid: transport.pid ?? -1,
    stderr: () => stderr,
    resultBytes: () => resultBytes,
    notified: () => notified,
    call,
    exec: (command, more = {}, options = {}) => call('remote_exec', { command, ...more }, options),
    close: () => withDeadline(client.close(), 10_000, 'the server ends with its host'),
  };
}
