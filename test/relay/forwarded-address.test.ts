import { beforeAll, describe, expect, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeWith } from './forwarded-kit.ts';

// Behind a proxy: which address the relay writes into the line to paste.

type Row = [title: string, headers: string[], expected: string | number, host?: string];

function describeRelay(title: string, flags: string[], rows: Row[]): void {
  describe(title, () => {
    let relay: Relay;
    beforeAll(async () => {
      relay = await startRelay({ flags });
      return relay.stop;
    });
    test.each(rows)('%s', async (_title, headers, expected, host) => {
      expect(await makeWith(relay, headers, host)).toBe(expected);
    });
  });
}

const https = 'X-Forwarded-Proto: https';
const named = ['--allowed-host', 'relay.example'];

describeRelay('without --trust-proxy', named, [
  ['the scheme that a proxy says is ignored', [https], 'http://relay.example', 'relay.example'],
  ['the host that a proxy says is ignored', ['X-Forwarded-Host: relay.example'], 'http://OWN'],
  ['a foreign host that a client says refuses nothing', ['X-Forwarded-Host: evil.example'], 'http://OWN'],
]);

describeRelay(
  '--trust-proxy 1',
  ['--trust-proxy', '1', ...named],
  [
    ['the proxy says https and keeps the Host', [https], 'https://relay.example', 'relay.example'],
    ['the proxy says https to an address', [https], 'https://192.0.2.7:8443', '192.0.2.7:8443'],
    ['IPv6 with a port', [https], 'https://[2001:db8::1]:8443', '[2001:db8::1]:8443'],
    ['the proxy says http', ['X-Forwarded-Proto: http'], 'http://relay.example', 'relay.example'],
    ['the proxy says nothing', [], 'http://relay.example', 'relay.example'],
    ['upper case', ['X-Forwarded-Proto: HTTPS', 'X-Forwarded-Host: RELAY.Example'], 'https://relay.example'],
    [
      'the proxy replaces the Host and sends the old one',
      [https, 'X-Forwarded-Host: relay.example'],
      'https://relay.example',
    ],
    [
      'the forwarded host has a port',
      [https, 'X-Forwarded-Host: relay.example:8443'],
      'https://relay.example:8443',
    ],
    [
      'the port of the scheme is left out',
      [https, 'X-Forwarded-Host: relay.example:443'],
      'https://relay.example',
    ],
    [
      'the port of the other scheme is not',
      [https, 'X-Forwarded-Host: relay.example:80'],
      'https://relay.example:80',
    ],
    [
      'a Host that the proxy made up is not checked beside a forwarded one',
      [https, 'X-Forwarded-Host: relay.example'],
      'https://relay.example',
      'upstream',
    ],
    [
      'the value that the proxy added is the last one',
      ['X-Forwarded-Proto: http, https', 'X-Forwarded-Host: evil.example, relay.example'],
      'https://relay.example',
    ],
    [
      'also in headers of their own',
      ['X-Forwarded-Proto: http', https, 'X-Forwarded-Host: evil.example', 'X-Forwarded-Host: relay.example'],
      'https://relay.example',
    ],
    ['a client that says https in front of it', ['X-Forwarded-Proto: https,http'], 'http://OWN'],
    [
      'spaces and tabs are nothing',
      ['X-Forwarded-Proto: http,\t https \t', 'X-Forwarded-Host:  relay.example\t'],
      'https://relay.example',
    ],
    [
      'a forwarded host that is not allowed is refused',
      [https, 'X-Forwarded-Host: evil.example'],
      421,
      'relay.example',
    ],
    ['also as the last of several', ['X-Forwarded-Host: relay.example, evil.example'], 421, 'relay.example'],
    [
      'an allowed host that a client says in front of it is not enough',
      ['X-Forwarded-Host: relay.example, evil.example'],
      421,
    ],
    ['a foreign Host without a forwarded one is refused', [https], 421, 'evil.example'],
    ['a foreign Host beside junk is refused', ['X-Forwarded-Host: a b'], 421, 'evil.example'],
    ['a scheme that is none is ignored', ['X-Forwarded-Proto: javascript'], 'http://OWN'],
    ['a scheme with more behind it', ['X-Forwarded-Proto: https://evil.example/'], 'http://OWN'],
    ['a quoted scheme', ['X-Forwarded-Proto: "https"'], 'http://OWN'],
    [
      'nothing at the end of the list',
      ['X-Forwarded-Proto: https,', 'X-Forwarded-Host: relay.example,'],
      'http://OWN',
    ],
    ['an empty header', ['X-Forwarded-Proto:', 'X-Forwarded-Host:'], 'http://OWN'],
    ['a user in the host', ['X-Forwarded-Host: relay.example@evil.example'], 'http://OWN'],
    ['a path in the host', ['X-Forwarded-Host: relay.example/evil'], 'http://OWN'],
    ['a quote in the host', ["X-Forwarded-Host: relay.example'$(id)'"], 'http://OWN'],
    ['a URL in place of the host', ['X-Forwarded-Host: http://relay.example'], 'http://OWN'],
    ['a port that is none', ['X-Forwarded-Host: relay.example:99999'], 'http://OWN'],
    ['no address in brackets', ['X-Forwarded-Host: [relay.example]'], 'http://OWN'],
    ['no IPv6 in brackets', ['X-Forwarded-Host: [dead]'], 'http://OWN'],
    ['letters of other scripts', ['X-Forwarded-Host: r\u00e9lay.example'], 'http://OWN'],
    ['a very long host', [`X-Forwarded-Host: ${'a.'.repeat(4_000)}example`], 'http://OWN'],
    ['very many values', [`X-Forwarded-Proto: ${'http,'.repeat(2_000)}https`], 'https://OWN'],
    [
      'headers of the same kind that nothing is taken from',
      [
        'X-Forwarded-Port: 666',
        'X-Forwarded-Prefix: /evil',
        'X-Forwarded-Server: evil.example',
        'Forwarded: host=evil.example;proto=https',
      ],
      'http://OWN',
    ],
  ],
);

describeRelay(
  '--trust-proxy 2',
  ['--trust-proxy', '2', ...named],
  [
    [
      'both proxies added to the lists: the outer one counts',
      ['X-Forwarded-Proto: https, http', 'X-Forwarded-Host: relay.example, upstream'],
      'https://relay.example',
    ],
    [
      'what a client says stands in front of both',
      ['X-Forwarded-Proto: http, https, http', 'X-Forwarded-Host: evil.example, relay.example, upstream'],
      'https://relay.example',
    ],
    [
      'the inner proxy passes the value of the outer one on',
      [https, 'X-Forwarded-Host: relay.example', 'X-Forwarded-For: 192.0.2.1, 10.0.0.1'],
      'https://relay.example',
    ],
  ],
);

const networks = ['--trust-proxy', '127.0.0.0/8,10.0.0.0/8', ...named];
describeRelay('--trust-proxy with networks', networks, [
  [
    'as many proxies as X-Forwarded-For has of the networks',
    [
      'X-Forwarded-For: 192.0.2.1, 10.0.0.1',
      'X-Forwarded-Proto: http, https, http',
      'X-Forwarded-Host: evil.example, relay.example, upstream',
    ],
    'https://relay.example',
  ],
  ['one proxy without X-Forwarded-For', ['X-Forwarded-Proto: http, https'], 'https://OWN'],
  [
    'an address that a client invents makes no proxy of it',
    ['X-Forwarded-For: 10.9.9.9, 192.0.2.1', 'X-Forwarded-Proto: https, http'],
    'http://OWN',
  ],
]);
describeRelay(
  '--trust-proxy with networks of others',
  ['--trust-proxy', '10.0.0.0/8', ...named],
  [
    [
      'one who connects from elsewhere is not believed',
      [https, 'X-Forwarded-Host: relay.example', 'X-Forwarded-For: 10.0.0.1'],
      'http://OWN',
    ],
  ],
);

const publicUrl = ['--trust-proxy', '1', '--public-url', 'https://relay.example:8443'];
describeRelay('--public-url comes before all of it', publicUrl, [
  [
    'another scheme and host',
    ['X-Forwarded-Proto: http', 'X-Forwarded-Host: other.example'],
    'https://relay.example:8443',
  ],
  [
    'the public host in front of a Host that is not allowed',
    ['X-Forwarded-Host: relay.example:8443'],
    'https://relay.example:8443',
    'upstream',
  ],
  [
    'a foreign host in front of a Host that is not allowed',
    ['X-Forwarded-Host: other.example'],
    421,
    'upstream',
  ],
]);
