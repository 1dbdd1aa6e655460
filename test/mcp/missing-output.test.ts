import { expect, test } from 'vitest';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';
import { startMcpHost } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';

test('output that was evicted or never stored: the tools report how many bytes are missing', async () => {
  const relay = await forTest(startRelay({ flags: ['--session-quota', '2m'] }));
  const remote = await forTest(startRemote(relay));
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  const first = await host.exec('head -c 1500000 /dev/zero | tr "\\0" x');
  expect(first.text).not.toContain('missing');
  expect((await host.exec('head -c 1000000 /dev/zero | tr "\\0" y')).text).not.toContain('missing');
  const again = await host.call('remote_output', { id: first.data.id });
  expect(again.text).toContain('1500000 bytes of output are missing');
  expect(again.data).toMatchObject({ bytes: 0, complete: true });
  const cut = await host.exec('head -c 5000000 /dev/zero | tr "\\0" z');
  expect(cut.text).toMatch(/\d{7} bytes of output are missing/);
});
