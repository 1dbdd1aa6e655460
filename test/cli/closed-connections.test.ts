import { expect, test } from 'vitest';
import { openHttp } from '../../src/client/undici-http.ts';
import { withRetry } from '../../src/client/retry.ts';
import { startSilentServer } from '../harness/silent-server.ts';
import { forTest } from '../harness/for-test.ts';

// If a closed client counted as an unreachable relay, its requests would be retried for a minute and keep the process alive.

const request = { method: 'GET', path: '/api/health', timeoutMs: 60_000 } as const;

test('a request in flight when the client closes: not retried', async () => {
  const server = await forTest(startSilentServer());
  const http = openHttp(server.url);
  let attempts = 0;
  const sent = withRetry(() => {
    attempts++;
    return http.send(request);
  }, {});
  const refused = expect(sent).rejects.toThrow('the connections to the relay are closed');
  await http.close();
  await refused;
  expect(attempts).toBe(1);
});

test('a request after the client closed: not retried', async () => {
  const http = openHttp('http://127.0.0.1:9');
  await http.close();
  let attempts = 0;
  const sent = withRetry(() => {
    attempts++;
    return http.send(request);
  }, {});
  await expect(sent).rejects.toThrow('the connections to the relay are closed');
  expect(attempts).toBe(1);
});
