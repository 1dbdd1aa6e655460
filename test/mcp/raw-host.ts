import { spawnCaptured } from '../harness/captured-process.ts';
import { binaryPath } from '../harness/binary.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';

type Message = {
  id?: unknown;
  result?: { content?: { text: string }[]; isError?: boolean };
  error?: { code: number; message: string };
};

export type RawHost = {
  /** Sends `tools/call` with these params, and resolves with the response. */
  call: (params: object) => Promise<{ text: string; isError: boolean }>;
  /** Sends a line unchanged, and resolves with the response that has this id. */
  send: (line: string | Buffer, id: unknown) => Promise<Message>;
  close: () => Promise<void>;
};

/** Starts `remotify mcp`, for requests that the official client would not send. */
export async function startRawHost(configDir: string, env: Record<string, string>): Promise<RawHost> {
  const server = spawnCaptured(process.execPath, [binaryPath, 'mcp'], {
    env: cleanEnvironment(configDir, { REMOTIFY_CONFIG_DIR: configDir, ...env }),
    stdin: 'open',
  });
  const messages = (): Message[] => {
    const lines = server.stdout().toString('utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Message);
  };
  const send = async (line: string | Buffer, id: unknown): Promise<Message> => {
    server.child.stdin?.write(line);
    server.child.stdin?.write('\n');
    let found: Message | undefined;
    await eventually(`an answer to ${line.toString().slice(0, 200)}`, 20_000, () => {
      found = messages().find((message) => message.id === id && ('result' in message || 'error' in message));
      return found !== undefined;
    });
    return found ?? {};
  };
  const request = (id: number, method: string, params: object) =>
    send(JSON.stringify({ jsonrpc: '2.0', id, method, params }), id);
  const clientInfo = { name: 'raw', version: '1' };
  await request(0, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  let count = 0;
  return {
    send,
    call: async (params) => {
      const { result } = await request(++count, 'tools/call', params);
      return { text: result?.content?.[0]?.text ?? '', isError: result?.isError === true };
    },
    close: async () => {
      server.child.stdin?.end();
      await withDeadline(server.closed, 10_000, 'the server ends with its host');
    },
  };
}
