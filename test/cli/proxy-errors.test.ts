import { expect, test } from 'vitest';
import { findClosedPort, startCannedServer } from '../harness/canned-server.ts';
import { makeClient } from '../harness/client.ts';
import { startForwardProxy } from '../harness/forward-proxy.ts';
import { startSocksProxy } from '../harness/socks-proxy.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Failures of a proxy, and invalid proxy variables. No message contains the password.

const relay = useRelay({ flags: ['--allowed-host', 'relay.example'] });

async function failThrough(scheme: string, proxyUrl: string, name = `${scheme}_proxy`) {
  const client = await forTest(makeClient({ url: `${scheme}://relay.example` }));
  const result = await client.run(['new'], { env: { [name]: proxyUrl } });
  expect(result.stderr).not.toContain('hunter2');
  return result;
}

test.each(['http', 'https'])('%s: the proxy requires a login', async (scheme) => {
  const proxy = await forTest(startForwardProxy(relay.port, { login: 'user:right' }));
  const asks =
    /cannot reach \S+ through the proxy http:\/\/127\.0\.0\.1:\d+ \(from https?_proxy\): it asks for a user and password \(HTTP 407\)/;
  const result = await failThrough(scheme, proxy.url);
  expectFailure(result, 255, asks);
  expect(result.stderr).toContain(`\`export ${scheme}_proxy=http://USER:PASSWORD@127.0.0.1:${proxy.port}\``);
  const wrong = await failThrough(scheme, proxy.url.replace('//', '//user:hunter2@'));
  expectFailure(wrong, 255, /it refuses the user or password \(HTTP 407\)/);
});

test.each(['http', 'https'])('%s: the proxy requires another kind of authentication', async (scheme) => {
  const proxy = await forTest(startForwardProxy(relay.port, { login: 'user:right', scheme: 'NTLM' }));
  const result = await failThrough(scheme, proxy.url.replace('//', '//user:hunter2@'));
  expectFailure(result, 255, /it requires NTLM authentication, .* \(HTTP 407\)/);
});

test.each([
  ['http', 403, /it does not allow this address \(HTTP 403\)/],
  ['http', 503, /it cannot reach this address \(HTTP 503\)/],
  ['https', 403, /it does not allow this address \(HTTP 403\)/],
  ['https', 405, /it does not allow tunnels \(CONNECT\) \(HTTP 405\)/],
  ['https', 502, /it cannot reach this address \(HTTP 502\)/],
  ['https', 504, /this address did not answer it in time \(HTTP 504\)/],
  ['https', 418, /it refuses \(HTTP 418\)/],
])('%s: the proxy answers %i', async (scheme, refuse, error) => {
  const proxy = await forTest(startForwardProxy(relay.port, { refuse }));
  const result = await failThrough(scheme, proxy.url.replace('//', '//user:hunter2@'));
  expectFailure(result, 255, error);
  expect(result.stderr).toMatch(/through the proxy http:\/\/127\.0\.0\.1:\d+ \(from https?_proxy\)/);
  expect(result.stderr).toContain('`export NO_PROXY=relay.example`');
});

test.each(['http', 'https'])('%s: no proxy listens at the address', async (scheme) => {
  const result = await failThrough(scheme, `http://user:hunter2@127.0.0.1:${await findClosedPort()}`);
  expectFailure(
    result,
    255,
    /cannot reach the proxy http:\/\/127\.0\.0\.1:\d+ \(from https?_proxy\): connection refused \(ECONNREFUSED\)/,
  );
  expect(result.stderr).toMatch(/hint: check https?_proxy/);
});

test.each(['no_proxy', 'NO_PROXY'])('%s is set: the hint extends this list', async (name) => {
  const client = await forTest(makeClient({ url: 'http://relay.example' }));
  const http_proxy = `http://127.0.0.1:${await findClosedPort()}`;
  const result = await client.run(['new'], { env: { http_proxy, [name]: 'other.example' } });
  expect(result.stderr).toContain(`\`export ${name}="$${name},relay.example"\``);
});

test('the host name of the proxy does not exist', async () => {
  const result = await failThrough('http', 'http://proxy.invalid:3128', 'ALL_PROXY');
  expectFailure(result, 255, /cannot reach the proxy http:\/\/proxy\.invalid:3128 \(from ALL_PROXY\): /);
});

test.each([
  ['closes the connection', '', /the connection closed unexpectedly/],
  ['speaks another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', /it does not speak HTTP/],
])('https: the server at the address of the proxy %s', async (_title, answer, error) => {
  const server = await forTest(startCannedServer(answer));
  expectFailure(await failThrough('https', server.url), 255, error);
});

test.each([
  [2, /it does not allow this address/],
  [4, /this address cannot be reached from it/],
  [5, /this address refused its connection/],
])('SOCKS5: the proxy replies %i', async (reply, error) => {
  const socks = await forTest(startSocksProxy(relay.port, { reply }));
  expectFailure(await failThrough('http', `socks5h://${socks.place}`, 'ALL_PROXY'), 255, error);
});

test('SOCKS5: the proxy requires a login, and refuses a wrong one', async () => {
  const socks = await forTest(startSocksProxy(relay.port, { login: 'user:right' }));
  const without = await failThrough('http', `socks5h://${socks.place}`, 'ALL_PROXY');
  expectFailure(without, 255, /it requires a different login/);
  const wrong = await failThrough('http', `socks5h://user:hunter2@${socks.place}`, 'ALL_PROXY');
  expectFailure(wrong, 255, /it refuses the user or password/);
});

test('SOCKS5: the server at the address of the proxy speaks HTTP', async () => {
  const url = `socks5h://127.0.0.1:${relay.port}`;
  expectFailure(await failThrough('http', url, 'ALL_PROXY'), 255, /it does not speak SOCKS5/);
});

test.each([
  ['socks4', 'socks4://user:hunter2@127.0.0.1:1080', /socks4:\/\/ proxy, which is not supported/],
  ['an unknown scheme', 'ftp://user:hunter2@proxy.example', /a scheme that is not supported/],
  ['an invalid port', 'http://user:hunter2@proxy.example:99999', /is not the URL of a proxy/],
  ['spaces', 'http://user:hunter2@proxy example', /is not the URL of a proxy/],
  ['only a scheme', 'http://', /is not the URL of a proxy/],
  ['a bare / in the password', 'http://user:12/hunter2@proxy.example', /has a \/ \? or # in/],
  ['a bare % in the password', 'http://user:%zzhunter2@proxy.example', /bad % in it/],
])('the variable holds %s: an error before any request', async (_title, url, error) => {
  const result = await failThrough('http', url, 'all_proxy');
  expectFailure(result, 255, error);
  expect(result.stderr).toMatch(/error: all_proxy /);
});
