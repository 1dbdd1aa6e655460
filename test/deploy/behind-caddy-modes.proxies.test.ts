/** The two other uses of Caddyfile.http: redirects to https, and runs behind another proxy. */
import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { type CaddyOptions, startCaddy } from '../harness/proxy-process.ts';
import { startRelay } from '../harness/relay-process.ts';
import { forTest } from '../harness/for-test.ts';

const hasCaddy = findProgram('caddy') !== undefined;

async function startBehindCaddy(flags: string[], env: CaddyOptions['env'] = {}) {
  const relay = await forTest(startRelay({ flags: ['--audit-log', ...flags] }));
  const caddy = await forTest(startCaddy({ upstreams: [`127.0.0.1:${relay.port}`], authority: 'http', env }));
  return { relay, caddy };
}

describe.skipIf(!hasCaddy)(`Caddyfile.http${hasCaddy ? '' : ' (skipped: caddy is not installed)'}`, () => {
  test('NGINX_MODE=tls: every request is redirected to https on HTTPS_PORT', async () => {
    const { caddy } = await startBehindCaddy([], { NGINX_MODE: 'tls', HTTPS_PORT: '8443' });
    const { status, headers } = await curl(['-4', `${caddy.url}/r/x?mode=auto`]);
    expect([status, headers['location']]).toEqual([308, 'https://localhost:8443/r/x?mode=auto']);
  });

  const from = (address: string, caddyUrl: string) =>
    curl([
      '-4',
      '--interface',
      address,
      '-X',
      'POST',
      '-H',
      'X-Forwarded-For: 203.0.113.7',
      '-H',
      'X-Forwarded-Proto: https',
      '-H',
      'X-Forwarded-Host: localhost',
      `${caddyUrl}/api/session`,
    ]);

  test('X-Forwarded-* headers from an address in PROXY_NETWORKS: the relay uses their client, scheme and host', async () => {
    const { relay, caddy } = await startBehindCaddy(['--trust-proxy', '2'], {
      PROXY_NETWORKS: '127.0.0.8/32',
    });
    const { remote_quickstart: line } = (await from('127.0.0.8', caddy.url)).json<{
      remote_quickstart: string;
    }>();
    expect(line).toContain(`'https://localhost/r/`);
    await eventually('the audit log', 5_000, () => relay.stderr().includes(' from 203.0.113.7'));
  });

  test('X-Forwarded-* headers from another address: ignored', async () => {
    const { relay, caddy } = await startBehindCaddy(['--trust-proxy', '2'], {
      PROXY_NETWORKS: '127.0.0.8/32',
    });
    const { remote_quickstart: line } = (await from('127.0.0.9', caddy.url)).json<{
      remote_quickstart: string;
    }>();
    expect(line).toContain(`'${caddy.url}/r/`);
    await eventually('the audit log', 5_000, () => relay.stderr().includes(' from 127.0.0.9'));
    expect(relay.stderr()).not.toContain('203.0.113.7');
  });
});
