import { describe, expect, test } from 'vitest';
import { makeWith } from './forwarded-kit.ts';
import { useRelay } from '../harness/use-relay.ts';

// Behind a proxy: which address the relay writes into the line to paste. OWN is the address on which the relay listens.

type Row = [title: string, headers: string[], expected: string | number, host?: string];

function describeRelay(title: string, flags: string[], rows: Row[]): void {
  describe(title, () => {
    const relay = useRelay({ flags });
    test.each(rows)('%s', async (_title, headers, expected, host) => {
      expect(await makeWith(relay, headers, host)).toBe(expected);
    });
  });
}

const https = 'X-Forwarded-Proto: https';
const named = ['--allowed-host', 'relay.example'];

describeRelay('without --trust-proxy', named, [
  ['X-Forwarded-Proto is ignored', [https], 'http://relay.example', 'relay.example'],
  ['X-Forwarded-Host is ignored', ['X-Forwarded-Host: relay.example'], 'http://OWN'],
  ['a foreign X-Forwarded-Host is ignored and not refused', ['X-Forwarded-Host: evil.example'], 'http://OWN'],
]);

describeRelay(
  '--trust-proxy 1',
  ['--trust-proxy', '1', ...named],
  [
    [
      'the proxy sends the scheme https and keeps the Host',
      [https],
      'https://relay.example',
      'relay.example',
    ],
    [
      'the proxy sends the scheme https, the Host is an IPv4 address with a port',
      [https],
      'https://192.0.2.7:8443',
      '192.0.2.7:8443',
    ],
    [
      'the proxy sends the scheme https, the Host is an IPv6 address with a port',
      [https],
      'https://[2001:db8::1]:8443',
      '[2001:db8::1]:8443',
    ],
    ['the proxy sends the scheme http', ['X-Forwarded-Proto: http'], 'http://relay.example', 'relay.example'],
    ['the proxy sends no header', [], 'http://relay.example', 'relay.example'],
    [
      'scheme and host in upper case',
      ['X-Forwarded-Proto: HTTPS', 'X-Forwarded-Host: RELAY.Example'],
      'https://relay.example',
    ],
    [
      'the proxy replaces the Host and forwards the original one',
      [https, 'X-Forwarded-Host: relay.example'],
      'https://relay.example',
    ],
    [
      'the forwarded host has a port',
      [https, 'X-Forwarded-Host: relay.example:8443'],
      'https://relay.example:8443',
    ],
    [
      'the default port of the scheme is left out',
      [https, 'X-Forwarded-Host: relay.example:443'],
      'https://relay.example',
    ],
    [
      'the default port of the other scheme is kept',
      [https, 'X-Forwarded-Host: relay.example:80'],
      'https://relay.example:80',
    ],
    [
      'with a forwarded host, a Host that is not allowed is not checked',
      [https, 'X-Forwarded-Host: relay.example'],
      'https://relay.example',
      'upstream',
    ],
    [
      'of several values in a list, the last one, which the proxy added, counts',
      ['X-Forwarded-Proto: http, https', 'X-Forwarded-Host: evil.example, relay.example'],
      'https://relay.example',
    ],
    [
      'of several headers, the last one counts',
      ['X-Forwarded-Proto: http', https, 'X-Forwarded-Host: evil.example', 'X-Forwarded-Host: relay.example'],
      'https://relay.example',
    ],
    ['a client sends https before the value of the proxy', ['X-Forwarded-Proto: https,http'], 'http://OWN'],
    [
      'spaces and tabs are ignored',
      ['X-Forwarded-Proto: http,\t https \t', 'X-Forwarded-Host:  relay.example\t'],
      'https://relay.example',
    ],
    [
      'a forwarded host that is not allowed is refused',
      [https, 'X-Forwarded-Host: evil.example'],
      421,
      'relay.example',
    ],
    [
      'a forwarded host that is not allowed is refused as the last of a list',
      ['X-Forwarded-Host: relay.example, evil.example'],
      421,
      'relay.example',
    ],
    [
      'an allowed host before a forwarded host that is not allowed is refused',
      ['X-Forwarded-Host: relay.example, evil.example'],
      421,
    ],
    ['a foreign Host without a forwarded one is refused', [https], 421, 'evil.example'],
    [
      'a foreign Host with a malformed forwarded host is refused',
      ['X-Forwarded-Host: a b'],
      421,
      'evil.example',
    ],
    ['a scheme other than http and https is ignored', ['X-Forwarded-Proto: javascript'], 'http://OWN'],
    ['a URL instead of a scheme is ignored', ['X-Forwarded-Proto: https://evil.example/'], 'http://OWN'],
    ['a quoted scheme is ignored', ['X-Forwarded-Proto: "https"'], 'http://OWN'],
    [
      'an empty value at the end of the list is ignored',
      ['X-Forwarded-Proto: https,', 'X-Forwarded-Host: relay.example,'],
      'http://OWN',
    ],
    ['an empty header is ignored', ['X-Forwarded-Proto:', 'X-Forwarded-Host:'], 'http://OWN'],
    ['a host with a user is ignored', ['X-Forwarded-Host: relay.example@evil.example'], 'http://OWN'],
    ['a host with a path is ignored', ['X-Forwarded-Host: relay.example/evil'], 'http://OWN'],
    ['a host with a quote is ignored', ["X-Forwarded-Host: relay.example'$(id)'"], 'http://OWN'],
    ['a URL instead of a host is ignored', ['X-Forwarded-Host: http://relay.example'], 'http://OWN'],
    ['a host with an invalid port is ignored', ['X-Forwarded-Host: relay.example:99999'], 'http://OWN'],
    ['a host name in brackets is ignored', ['X-Forwarded-Host: [relay.example]'], 'http://OWN'],
    [
      'hex digits in brackets that are not an IPv6 address are ignored',
      ['X-Forwarded-Host: [dead]'],
      'http://OWN',
    ],
    ['a host with letters beyond ASCII is ignored', ['X-Forwarded-Host: r\u00e9lay.example'], 'http://OWN'],
    ['a host of 8 KB is ignored', [`X-Forwarded-Host: ${'a.'.repeat(4_000)}example`], 'http://OWN'],
    [
      'a list of 2,001 values: the last one counts',
      [`X-Forwarded-Proto: ${'http,'.repeat(2_000)}https`],
      'https://OWN',
    ],
    [
      'X-Forwarded-Port, X-Forwarded-Prefix, X-Forwarded-Server and Forwarded are ignored',
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
      'both proxies added to the lists: the value of the outer one counts',
      ['X-Forwarded-Proto: https, http', 'X-Forwarded-Host: relay.example, upstream'],
      'https://relay.example',
    ],
    [
      'a client sends values before those of both proxies: they do not count',
      ['X-Forwarded-Proto: http, https, http', 'X-Forwarded-Host: evil.example, relay.example, upstream'],
      'https://relay.example',
    ],
    [
      'the inner proxy forwards the value of the outer one unchanged',
      [https, 'X-Forwarded-Host: relay.example', 'X-Forwarded-For: 192.0.2.1, 10.0.0.1'],
      'https://relay.example',
    ],
  ],
);

const networks = ['--trust-proxy', '127.0.0.0/8,10.0.0.0/8', ...named];
describeRelay('--trust-proxy with networks', networks, [
  [
    'the number of proxies is that of trusted addresses in X-Forwarded-For',
    [
      'X-Forwarded-For: 192.0.2.1, 10.0.0.1',
      'X-Forwarded-Proto: http, https, http',
      'X-Forwarded-Host: evil.example, relay.example, upstream',
    ],
    'https://relay.example',
  ],
  ['without X-Forwarded-For there is one proxy', ['X-Forwarded-Proto: http, https'], 'https://OWN'],
  [
    'a trusted address that a client adds does not count as a proxy',
    ['X-Forwarded-For: 10.9.9.9, 192.0.2.1', 'X-Forwarded-Proto: https, http'],
    'http://OWN',
  ],
]);
describeRelay(
  '--trust-proxy with other networks',
  ['--trust-proxy', '10.0.0.0/8', ...named],
  [
    [
      'connection from an untrusted address: the headers are ignored',
      [https, 'X-Forwarded-Host: relay.example', 'X-Forwarded-For: 10.0.0.1'],
      'http://OWN',
    ],
  ],
);

const publicUrl = ['--trust-proxy', '1', '--public-url', 'https://relay.example:8443'];
describeRelay('--public-url takes precedence over all headers', publicUrl, [
  [
    'another scheme and host in the headers',
    ['X-Forwarded-Proto: http', 'X-Forwarded-Host: other.example'],
    'https://relay.example:8443',
  ],
  [
    'the public host as forwarded host, and a Host that is not allowed',
    ['X-Forwarded-Host: relay.example:8443'],
    'https://relay.example:8443',
    'upstream',
  ],
  [
    'a foreign forwarded host, and a Host that is not allowed',
    ['X-Forwarded-Host: other.example'],
    421,
    'upstream',
  ],
]);
