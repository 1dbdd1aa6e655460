import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { isExempt } from '../../src/config/exempt-host.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';

// [NO_PROXY, URL of the relay, whether the client connects without the proxy]

/** Forms that curl accepts too. */
const asCurl: [string, string, boolean][] = [
  ['relay.example', 'http://relay.example', true],
  ['RELAY.Example', 'https://relay.example', true],
  ['.relay.example', 'http://relay.example', true],
  ['example', 'http://relay.example', true],
  ['.example', 'http://relay.example', true],
  ['example.', 'http://relay.example', true],
  ['relay.example', 'http://relay.example.', true],
  ['relay.example', 'http://other-relay.example', false],
  ['lay.example', 'http://relay.example', false],
  ['a.relay.example', 'http://relay.example', false],
  ['relay', 'http://relay.example', false],
  ['other.example,relay.example', 'http://relay.example', true],
  ['other.example, relay.example', 'http://relay.example', true],
  ['other.example relay.example', 'http://relay.example', true],
  [',, ,relay.example,', 'http://relay.example', true],
  ['*', 'http://relay.example', true],
  ['*', 'http://[::1]', true],
  ['', 'http://relay.example', false],
  [' ', 'http://relay.example', false],
  ['10.1.2.3', 'http://10.1.2.3', true],
  ['10.1.2.3', 'http://10.1.2.4', false],
  ['10.0.0.0/8', 'http://10.1.2.3', true],
  ['10.0.0.0/8', 'http://11.1.2.3', false],
  ['10.1.2.0/23', 'http://10.1.3.9:8080', true],
  ['10.1.2.0/33', 'http://10.1.2.0', false],
  ['2.3', 'http://10.1.2.3', false],
  ['127.0.0.0/8', 'http://localhost', false],
  ['localhost', 'http://127.0.0.1', false],
  ['localhost', 'http://localhost:8080', true],
  ['fd00::/8', 'http://[fe80::1]', false],
  ['::1', 'http://[::1]:8080', true],
];

/** Forms of other tools, and of newer versions of curl. */
const beyondCurl: [string, string, boolean][] = [
  // A form of curl itself, but 7.88 has a bug with it.
  ['fd00::/8', 'http://[fd12::1]', true],
  ['*.relay.example', 'http://relay.example', true],
  ['*.example', 'http://relay.example', true],
  ['relay.example:8080', 'http://relay.example:8080', true],
  ['relay.example:8080', 'http://relay.example', false],
  ['relay.example:80', 'http://relay.example', true],
  ['relay.example:443', 'https://relay.example', true],
  ['10.1.2.3:8080', 'http://10.1.2.3:8080', true],
  ['[::1]', 'http://[::1]', true],
  ['[::1]:8080', 'http://[::1]:8080', true],
  ['[::1]:8080', 'http://[::1]', false],
  ['10.0.0.0/8,*', 'http://relay.example', true],
  ['0:0:0:0:0:0:0:1', 'http://[::1]', true],
  ['10.0.0.0/x', 'http://10.0.0.1', false],
];

test.each([...asCurl, ...beyondCurl])('NO_PROXY=%j and %s: %s', (list, url, expected) => {
  expect(isExempt(new URL(url), list)).toBe(expected);
});

const version = /^curl (\d+)\.(\d+)/.exec(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout);
const hasNetworks = version !== null && Number(version[1]) * 100 + Number(version[2]) >= 786;

describe.skipIf(!hasNetworks)('curl ≥ 7.86 gives the same result:', () => {
  test.each(asCurl)('NO_PROXY=%j and %s: %s', (list, url, expected) => {
    // The proxy is a port without a server, and curl never resolves the host: its output shows whether it used the proxy.
    const env = cleanEnvironment('/', {
      http_proxy: 'http://127.0.0.1:1',
      https_proxy: 'http://127.0.0.1:1',
    });
    const args = ['-sv', '--max-time', '0.5', '--connect-timeout', '0.3', url];
    const { stderr } = spawnSync('curl', args, { env: { ...env, no_proxy: list }, encoding: 'utf8' });
    expect(!/Uses proxy env variable https?_proxy/.test(stderr), stderr).toBe(expected);
  });
});
