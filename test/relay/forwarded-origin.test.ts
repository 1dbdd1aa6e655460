import { beforeAll, describe, expect, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeWith } from './forwarded-kit.ts';

// Behind a proxy: from which page a request may come.

const https = 'X-Forwarded-Proto: https';
const named = ['--allowed-host', 'relay.example'];

describe('with an Origin', () => {
  let relay: Relay;
  beforeAll(async () => {
    relay = await startRelay({ flags: ['--trust-proxy', '1', ...named] });
    return relay.stop;
  });
  test.each<[title: string, headers: string[], expected: string | number, host?: string]>([
    [
      'the page at the forwarded host',
      ['Origin: https://relay.example', https, 'X-Forwarded-Host: relay.example'],
      'https://relay.example',
    ],
    [
      'its port is that of the scheme, and the proxy says it',
      ['Origin: https://relay.example', https, 'X-Forwarded-Host: relay.example:443'],
      'https://relay.example',
    ],
    [
      'another port is another page',
      ['Origin: https://relay.example:444', https, 'X-Forwarded-Host: relay.example'],
      403,
    ],
    [
      'a page of another site through the proxy',
      ['Origin: https://evil.example', https, 'X-Forwarded-Host: relay.example'],
      403,
    ],
    [
      'a page that was bound to the relay by its name server, and forges the header',
      ['Origin: http://evil.example', 'X-Forwarded-Host: localhost', 'Sec-Fetch-Site: same-origin'],
      403,
      'evil.example',
    ],
    [
      'a page at the Host that the proxy replaced',
      ['Origin: http://upstream', 'X-Forwarded-Host: relay.example'],
      403,
      'upstream',
    ],
  ])('%s', async (_title, headers, expected, host) => {
    expect(await makeWith(relay, headers, host)).toBe(expected);
  });
});
