import { beforeAll, expect, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Remote, startRemote } from '../harness/remote.ts';
import { startMcpHost, versions } from './mcp-host.ts';

let relay: Relay;
let remote: Remote;
beforeAll(async () => {
  relay = await startRelay();
  remote = await startRemote(relay);
  return async () => {
    await remote.stop();
    await relay.stop();
  };
});

const line = '0123456789'.repeat(9).slice(0, 89);

test.each(versions)('%s: an answer with 9,000 bytes of output contains the output once', async (version) => {
  const host = await startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }, version);
  const { text, data } = await host.exec(`for i in {1..100}; do echo ${line}; done`);
  const bytes = host.resultBytes();
  await host.close();
  expect(data.untrusted.stdout.head).toBe(`${line}\n`.repeat(100));
  expect(text.split(line).length - 1).toBe(100);
  // With the output both as text and as structured fields, the answer had 22,954 bytes. A newline is two bytes in JSON.
  expect(bytes).toBeLessThan(9_900);
  expect(bytes).toBeGreaterThan(9_100);
});
