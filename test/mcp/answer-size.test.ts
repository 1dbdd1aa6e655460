import { expect, test } from 'vitest';
import { startMcpHost, versions } from './mcp-host.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

const relay = useRelay();
const remote = useRemote(relay);

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
