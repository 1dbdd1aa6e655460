import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, makeClient } from './client.ts';
import { eventually } from './deadline.ts';
import { type Listener, startListener } from './listener.ts';
import { listProcessesWith, type RunningProcess, sendSignal } from './process-session.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { startTerminal, type Terminal } from './tmux.ts';

export type SessionState = {
  cmd_queued: boolean;
  cmd_in_flight: boolean;
  listener: { host: string; user: string; mode: string; attached: boolean } | null;
  current: string | null;
  queue_length: number;
  commands: {
    id: string;
    state: string;
    exit_status: number | null;
    reason: string | null;
    stdout_bytes: number;
  }[];
};

/** A client, its session, and a listener that was started with the line that `remotify new --auto` printed. */
export type Remote = Client & {
  line: string;
  listener: Listener;
  stop: () => Promise<void>;
};

export async function startRemote(relay: { url: string }, env: Record<string, string> = {}): Promise<Remote> {
  const client = await makeClient(relay);
  const line = await client.makeSession('--auto');
  const listener = await startListener(line, env);
  const stop = async () => {
    await listener.stop();
    await client.remove();
  };
  try {
    await waitForState(client, 'the listener is attached', (state) => state.listener?.attached === true);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...client, line, listener, stop };
}

/** The same for `remotify new`: the line runs in a terminal, where the test can answer prompts. */
export type SupervisedRemote = Client & {
  line: string;
  terminal: Terminal;
  /** TMPDIR of all processes in the terminal. */
  temporaryFolder: string;
  processes: () => Promise<RunningProcess[]>;
  stop: () => Promise<void>;
};

export async function startSupervised(
  relay: { url: string },
  env: Record<string, string> = {},
): Promise<SupervisedRemote> {
  const client = await makeClient(relay);
  const line = await client.makeSession();
  const folder = await makeTemporaryFolder();
  const processes = () => listProcessesWith(`TMPDIR=${folder.path}`);
  const terminal = await startTerminal(line, { env: { TMPDIR: folder.path, ...env } });
  const stop = async () => {
    await terminal.close();
    for (const { pid } of await processes()) sendSignal(pid, 'SIGKILL');
    await folder.remove();
    await client.remove();
  };
  try {
    await terminal.waitForText('asking before each command', 15_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...client, line, terminal, temporaryFolder: folder.path, processes, stop };
}

type Settings = { current: string; sessions: Record<string, { url: string; key: string }> };

/** The URL and key of the client's current session. */
export async function readSession(configDir: string): Promise<{ url: string; key: string }> {
  const settings = JSON.parse(await readFile(join(configDir, 'config.json'), 'utf8')) as Settings;
  const session = settings.sessions[settings.current];
  if (!session) throw new Error('there is no current session');
  return session;
}

/** Reads the state of `remotify status --json` with two requests: tests poll often, and starting the client each time is slow. */
async function readState({ configDir }: Client): Promise<SessionState> {
  const { url, key } = await readSession(configDir);
  const ask = async (path: string) => {
    const answer = await fetch(`${url}/api/session/self${path}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as object;
  };
  return { ...(await ask('/status')), ...(await ask('/commands')) } as SessionState;
}

/** Polls the state of the client's current session until `isSo` returns true. */
export async function waitForState(
  client: Client,
  name: string,
  isSo: (state: SessionState) => boolean,
  deadlineMs = 15_000,
): Promise<SessionState> {
  return eventually(name, deadlineMs, async () => {
    const state = await readState(client);
    if (!isSo(state)) throw new Error(`the status is:\n${JSON.stringify(state, null, 2)}`);
    return state;
  });
}
