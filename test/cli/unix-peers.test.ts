import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { eventually } from '../harness/deadline.ts';
import { createThrough, forwardedFor, makeFolder, start } from './serve-kit.ts';

describe('addresses of clients behind a unix socket', () => {
  const limited = ['--rate-limit', '1r/h', '--rate-limit-burst', '0', '--log', 'text'];
  const create = async (path: string, ...said: string[]): Promise<number> => {
    return (await createThrough(path, said.flatMap(forwardedFor))).status;
  };

  test('without --trust-proxy: the last address in X-Forwarded-For is used, and each client has its own limit', async () => {
    const path = join(await makeFolder(), 's');
    const relay = await start(['--listen', `unix:${path}`, ...limited]);
    expect(await create(path, '192.0.2.1')).toBe(201);
    expect(await create(path, '192.0.2.1')).toBe(429);
    expect(await create(path, '192.0.2.2')).toBe(201);
    // Addresses before the one that the proxy added come from the client and are not trusted.
    expect(await create(path, '192.0.2.3, 192.0.2.2')).toBe(429);
    await eventually('the access log has the addresses', 5_000, () =>
      /Z 192\.0\.2\.2 POST/.test(relay.stderr()),
    );
  });

  test('requests without a client address share the address "unix"', async () => {
    const path = join(await makeFolder(), 's');
    const relay = await start(['--listen', `unix:${path}`, ...limited]);
    expect(await create(path)).toBe(201);
    expect(await create(path)).toBe(429);
    expect(await create(path, 'nonsense')).toBe(429);
    await eventually('the access log has the address', 5_000, () =>
      / unix POST \/api\/session 429 /.test(relay.stderr()),
    );
  });

  test('--trust-proxy 2: the proxy in front of the one on the socket is trusted too', async () => {
    const path = join(await makeFolder(), 's');
    await start(['--listen', `unix:${path}`, '--trust-proxy', '2', ...limited]);
    expect(await create(path, '192.0.2.1, 198.51.100.1')).toBe(201);
    expect(await create(path, '192.0.2.1, 198.51.100.2')).toBe(429);
    expect(await create(path, '192.0.2.9, 192.0.2.2, 198.51.100.1')).toBe(201);
  });

  test('X-Forwarded-Proto and -Host of the proxy: used in the URLs of the session', async () => {
    const path = join(await makeFolder(), 's');
    await start(['--listen', `unix:${path}`, '--allowed-host', 'relay.example']);
    const headers = ['-H', 'X-Forwarded-Proto: https', '-H', 'X-Forwarded-Host: relay.example'];
    const made = await createThrough(path, headers);
    expect(made.json<{ urls: { api: string } }>().urls.api).toMatch(
      /^https:\/\/relay\.example\/api\/session\//,
    );
  });

  test.skipIf(!hasOpenssl)(
    'a unix socket with a certificate: speaks TLS, for proxies that pass TLS through (openssl)',
    async () => {
      const folder = await makeFolder();
      const path = join(folder, 's');
      const { certPath, keyPath } = await makeCertificate(folder);
      await start(['--listen', `unix:${path}`, '--tls-cert', certPath, '--tls-key', keyPath, ...limited]);
      const ask = (client: string) => createThrough(path, ['-k', ...forwardedFor(client)], 'https');
      expect((await ask('192.0.2.1')).status).toBe(201);
      expect((await ask('192.0.2.2')).status).toBe(201);
      expect((await ask('192.0.2.2')).status).toBe(429);
    },
  );
});
