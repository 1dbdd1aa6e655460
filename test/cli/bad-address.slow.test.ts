import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { findClosedPort } from '../harness/canned-server.ts';
import { type Client, makeClient } from '../harness/client.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Malformed relay addresses, and an address where no server listens.

const relay = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

describe('addresses', () => {
  test.each([
    ['no scheme', 'relay.example', /not a URL: "relay\.example"/],
    ['another scheme', 'ftp://relay.example', /URL must start with http:\/\/ or https:\/\//],
    ['only a scheme', 'http://', /not a URL/],
    ['a file', 'file:///etc/passwd', /URL must start with http:\/\/ or https:\/\//],
    ['spaces', 'not a url', /not a URL: "not a url"/],
    ['a bad port', 'http://127.0.0.1:99999', /not a URL/],
    ['a query', 'http://127.0.0.1/?x=1', /cannot have a query or fragment/],
    ['a fragment', 'http://127.0.0.1/#x', /cannot have a query or fragment/],
    ['control characters', 'http://\u001b[2J\u0007', /not a URL/],
  ])('%s in the address: usage error', async (_title, url, error) => {
    const { run } = await setUp();
    expectFailure(await run(['new', '--url', url]), 2, error);
    expectFailure(await run(['new'], { env: { REMOTIFY_URL: url } }), 2, error);
    expectFailure(await run(['config', 'set', 'url', url]), 2, error);
  });

  test.each([
    'http://user:hunter2@127.0.0.1:1',
    'http://hunter2@127.0.0.1:1',
    'http://user:hunter2@127.0.0.1:99999',
    'http:user:hunter2@127.0.0.1:99999',
    'http:/user:hunter2@127.0.0.1:99999',
    'http://user:hun/hunter2@127.0.0.1:99999',
    'user:hunter2@127.0.0.1',
    'ftp://user:hunter2@127.0.0.1',
  ])('credentials in the address: the error does not repeat them: %s', async (url) => {
    const { run, configDir } = await setUp();
    for (const result of [
      await run(['new', '--url', url]),
      await run(['new'], { env: { REMOTIFY_URL: url } }),
      await run(['config', 'set', 'url', url]),
    ]) {
      expectFailure(result, 2, /./);
      expect(result.stderr).not.toContain('hunter2');
    }
    expect(await readdir(configDir)).toEqual([]);
  });

  test('no server listens at the address: connection refused, and the stored session stays', async () => {
    const { run, runJson } = await setUp();
    const made = await runJson<SessionPayload>('new', '--name', 'prod');
    const url = `http://127.0.0.1:${await findClosedPort()}`;
    const error = /cannot reach http:\/\/127\.0\.0\.1:\d+: connection refused/;
    expectFailure(await run(['new', '--url', url]), 255, error);
    for (const args of [
      ['status'],
      ['logs'],
      ['cancel'],
      ['reset'],
      ['end'],
      ['exec', '--wait', '0', 'true'],
    ])
      expectFailure(await run(['--url', url, ...args]), 255, error);
    const env = {
      REMOTIFY_KEY: made.key.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      REMOTIFY_URL: url,
    };
    expectFailure(await run(['exec', 'true'], { env }), 255, error);
    // The stored session must stay: its relay was only unreachable.
    expect(await run(['status'])).toMatchObject({ exitCode: 0 });
  });
});
