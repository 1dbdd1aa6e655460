import { describe, expect, test } from 'vitest';
import { makeWith } from './forwarded-kit.ts';
import { useRelay } from '../harness/use-relay.ts';

// Behind a proxy: from which origins the relay accepts requests.

const https = 'X-Forwarded-Proto: https';
const named = ['--allowed-host', 'relay.example'];

describe('request with an Origin through a trusted proxy', () => {
  const relay = useRelay({ flags: ['--trust-proxy', '1', ...named] });
  test.each<[title: string, headers: string[], expected: string | number, host?: string]>([
    [
      'the forwarded scheme and host: accepted',
      ['Origin: https://relay.example', https, 'X-Forwarded-Host: relay.example'],
      'https://relay.example',
    ],
    [
      'the forwarded host has the default port of the scheme: accepted',
      ['Origin: https://relay.example', https, 'X-Forwarded-Host: relay.example:443'],
      'https://relay.example',
    ],
    [
      'another port: refused',
      ['Origin: https://relay.example:444', https, 'X-Forwarded-Host: relay.example'],
      403,
    ],
    [
      'another site: refused',
      ['Origin: https://evil.example', https, 'X-Forwarded-Host: relay.example'],
      403,
    ],
    [
      'DNS rebinding with a forged X-Forwarded-Host: refused',
      ['Origin: http://evil.example', 'X-Forwarded-Host: localhost', 'Sec-Fetch-Site: same-origin'],
      403,
      'evil.example',
    ],
    [
      'the Host that the proxy sends instead of the original one: refused',
      ['Origin: http://upstream', 'X-Forwarded-Host: relay.example'],
      403,
      'upstream',
    ],
  ])('%s', async (_title, headers, expected, host) => {
    expect(await makeWith(relay, headers, host)).toBe(expected);
  });
});
