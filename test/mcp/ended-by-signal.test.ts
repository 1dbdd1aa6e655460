import { expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import { startRelay } from '../harness/relay-process.ts';
import type { SessionPayload, SessionStatus } from '../harness/slot-session.ts';
import { startMcpHost } from './mcp-host.ts';

// A host that does not close the server's stdin but sends a signal: no command is left behind that would run later.

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
  '%s while a command is queued on %s: the command is withdrawn, and the server ends',
  async (signal, kind) => {
    const relay = await relays[kind]();
    onTestFinished(relay.stop);
    const client = await makeClient(relay);
    onTestFinished(client.remove);
    const { urls } = await client.runJson<SessionPayload>('new');
    const host = await startMcpHost(client.configDir, { REMOTIFY_URL: relay.url });
    const readStatus = async () => (await (await fetch(`${urls.api}/status`)).json()) as SessionStatus;
    const call = host.exec('true', { wait_seconds: 40 }).catch(() => 'the server ended');
    await eventually('the command is queued', 20_000, async () => (await readStatus()).cmd_queued);
    process.kill(host.pid, signal);
    await eventually('the server ends', 10_000, () => !isThere(host.pid));
    expect((await readStatus()).cmd_queued).toBe(false);
    await host.close().catch(() => {});
    await call;
  },
);
