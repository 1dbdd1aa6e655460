import { expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import type { SessionPayload, SessionStatus } from '../harness/slot-session.ts';
import { type McpHost, startMcpHost } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';

// The host ends the server with a signal or by closing stdin: queued commands are cancelled, so that none runs later, and running
// commands continue.

const relays = {
  'a remotify relay': () => startRelay(),
  'a legacy relay': async () => {
    const { url, close } = await startLegacyRelay();
    return { url, stop: close };
  },
};

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const cases = (Object.keys(relays) as (keyof typeof relays)[]).flatMap((relay) =>
  (['SIGTERM', 'SIGINT', 'SIGHUP'] as const).map((signal) => [signal, relay] as const),
);

test.each(cases)(
  '%s while a command is queued on %s: the command is cancelled, and the server exits',
  async (signal, kind) => {
    const relay = await relays[kind]();
    onTestFinished(relay.stop);
    const client = await forTest(makeClient(relay));
    const { urls } = await client.runJson<SessionPayload>('new');
    const host = await startMcpHost(client.configDir, { REMOTIFY_URL: relay.url });
    const readStatus = async () => (await (await fetch(`${urls.api}/status`)).json()) as SessionStatus;
    const call = host.exec('true', { wait_seconds: 40 }).catch(() => 'the server exited');
    await eventually('the command is queued', 20_000, async () => (await readStatus()).cmd_queued);
    process.kill(host.pid, signal);
    await eventually('the server exits', 10_000, () => !isThere(host.pid));
    expect((await readStatus()).cmd_queued).toBe(false);
    await host.close().catch(() => {});
    await call;
  },
);

const endings: [string, (host: McpHost) => void][] = [
  ['the host closes stdin', (host) => void host.close().catch(() => {})],
  ['the server gets SIGTERM', ({ pid }) => void process.kill(pid, 'SIGTERM')],
  ['the server gets SIGINT', ({ pid }) => void process.kill(pid, 'SIGINT')],
];

test.each(endings)(
  'a call waits for a running command, and %s: the server exits, and the command runs to its end',
  async (_title, end) => {
    const relay = await forTest(startRelay());
    const remote = await forTest(startRemote(relay));
    const gate = await forTest(makeGate(remote.configDir));
    const host = await startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url });
    const call = host.exec(`${gate.wait}; exit 7`, { wait_seconds: 40 }).catch(() => 'the server exited');
    await waitForState(remote, 'the command runs', ({ commands }) => commands[0]?.state === 'running');
    end(host);
    await eventually('the server exits', 10_000, () => !isThere(host.pid));
    await call;
    await gate.open();
    const { commands } = await waitForState(
      remote,
      'the command has ended',
      ({ cmd_in_flight: runs }) => !runs,
    );
    expect(commands[0]).toMatchObject({ state: 'finished', exit_status: 7, cancel_signal: null });
  },
);
