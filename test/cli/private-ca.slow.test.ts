import { spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Authority, makeAuthority } from '../harness/authority.ts';
import { hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../harness/temporary-folder.ts';
import { startTlsFront } from '../harness/tls-front.ts';
import { startMcpHost } from '../mcp/mcp-host.ts';
import { expectFailure } from './expect-failure.ts';

// A relay whose certificate is not from a public certificate authority.

describe.skipIf(!hasOpenssl)('a relay with a certificate of a private authority', () => {
  let relay: Relay;
  let folder: TemporaryFolder;
  let authority: Authority;
  let stranger: Authority;
  let client: Client;
  beforeAll(async () => {
    relay = await startRelay({ flags: ['--trust-proxy', '1'] });
    folder = await makeTemporaryFolder();
    authority = await makeAuthority(folder.path);
    stranger = await makeAuthority(folder.path, 'stranger');
    client = await makeClient(relay);
    await writeFile(join(folder.path, 'damaged.pem'), authority.pem.replace(/\n(.{10}).{5}/, '\n$1AAAAA'));
  });
  afterAll(async () => {
    await client.remove();
    await folder.remove();
    await relay.stop();
  });

  const status = async (port: number, env: Record<string, string> = {}, host = 'localhost') =>
    client.run(['new', '--url', `https://${host}:${port}`, '--json'], { env });

  async function expectTrusted(port: number, env: Record<string, string>): Promise<void> {
    const { exitCode, stderr } = await status(port, env);
    expect([exitCode, stderr.replace(/^remotify: created .*\n/, '')]).toEqual([0, '']);
  }

  test('the authority in NODE_EXTRA_CA_CERTS, SSL_CERT_FILE or CURL_CA_BUNDLE: trusted', async () => {
    const port = await startTlsFront(relay, await authority.issue());
    for (const name of ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'CURL_CA_BUNDLE'])
      await expectTrusted(port, { [name]: authority.path });
    await expectTrusted(port, { SSL_CERT_FILE: stranger.path, CURL_CA_BUNDLE: authority.path });
    await expectTrusted(port, { SSL_CERT_FILE: stranger.path, NODE_EXTRA_CA_CERTS: authority.path });
    const bundle = join(folder.path, 'bundle.pem');
    await writeFile(bundle, `# two of them\r\n${stranger.pem}\n${authority.pem.replaceAll('\n', '\r\n')}`);
    await expectTrusted(port, { SSL_CERT_FILE: bundle });
  });

  test('the authority in SSL_CERT_DIR, a folder in the format of `openssl rehash`: trusted', async () => {
    const port = await startTlsFront(relay, await authority.issue());
    const certificates = join(folder.path, 'certificates');
    await mkdir(certificates);
    const { stdout } = spawnSync('openssl', ['x509', '-hash', '-noout', '-in', authority.path]);
    await writeFile(join(certificates, `${stdout.toString().trim()}.0`), authority.pem);
    await writeFile(join(certificates, 'README'), 'no certificate');
    await symlink('/nowhere/removed.pem', join(certificates, '0badc0de.0'));
    await mkdir(join(certificates, '0badc0de.1'));
    await expectTrusted(port, { SSL_CERT_DIR: `/nowhere:${certificates}` });
    expectFailure(await status(port, { SSL_CERT_DIR: '/nowhere' }), 255, /not trusted here/);
  });

  test('SSL_CERT_FILE replaces CURL_CA_BUNDLE and the built-in authorities, as with curl', async () => {
    const port = await startTlsFront(relay, await authority.issue());
    expectFailure(await status(port, { SSL_CERT_FILE: stranger.path }), 255, /not trusted here/);
    const env = { SSL_CERT_FILE: authority.path, CURL_CA_BUNDLE: stranger.path };
    expectFailure(await status(port, env), 255, /not trusted here/);
  });

  test('the MCP server trusts the authority too', async () => {
    const port = await startTlsFront(relay, await authority.issue());
    const own = await makeTemporaryFolder();
    const env = { REMOTIFY_URL: `https://localhost:${port}`, SSL_CERT_FILE: authority.path };
    const mcp = await startMcpHost(own.path, env);
    onTestFinished(async () => {
      await mcp.close();
      await own.remove();
    });
    const { data } = await mcp.exec('true', { wait_seconds: 1 });
    expect(data.paste?.supervised).toContain(`https://localhost:${port}/r/`);
  });

  test('an intermediate authority: trusted if the relay sends it, else an error with a hint', async () => {
    const middle = await authority.issueAuthority('middle');
    const { cert, key } = await middle.issue();
    await expectTrusted(await startTlsFront(relay, { cert: cert + middle.pem, key }), {
      SSL_CERT_FILE: authority.path,
    });
    const result = await status(await startTlsFront(relay, { cert, key }), { SSL_CERT_FILE: authority.path });
    expectFailure(
      result,
      255,
      /or an intermediate certificate is missing \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/,
    );
    expect(result.stderr).toContain('trust it: `export NODE_EXTRA_CA_CERTS=/path/to/ca.pem`');
    expect(result.stderr).toMatch(/hint: .*must also send its intermediate certificates.*openssl s_client/);
  });

  test('a certificate of an unknown authority: an error with hints', async () => {
    const { cert, key } = await authority.issue();
    for (const [sent, code] of [
      [cert, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [cert + authority.pem, 'SELF_SIGNED_CERT_IN_CHAIN'],
    ] as const) {
      const port = await startTlsFront(relay, { cert: sent, key });
      const result = await status(port);
      expectFailure(result, 255, new RegExp(`an authority that is not trusted here.* \\(${code}\\)`));
      expect(result.stderr).toContain('NODE_EXTRA_CA_CERTS=/path/to/ca.pem');
      expect(result.stderr).toContain(`\`openssl s_client -showcerts -connect localhost:${port}\``);
      expect(result.stderr).not.toContain('remotify serve');
    }
    const middle = await authority.issueAuthority('between');
    const issued = await middle.issue();
    const port = await startTlsFront(relay, { cert: issued.cert + middle.pem, key: issued.key });
    expectFailure(await status(port), 255, /not trusted here \(UNABLE_TO_GET_ISSUER_CERT_LOCALLY\)/);
  });

  test('a self-signed certificate: an error, and trusted once it is in SSL_CERT_FILE', async () => {
    const { certPath, keyPath } = await makeCertificate(folder.path, { name: 'self' });
    const port = await startTlsFront(relay, { cert: await readFile(certPath), key: await readFile(keyPath) });
    const result = await status(port);
    expectFailure(result, 255, /its certificate is self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
    expect(result.stderr).toContain('NODE_EXTRA_CA_CERTS');
    await expectTrusted(port, { SSL_CERT_FILE: certPath });
  });

  test('an expired certificate: an error', async () => {
    const port = await startTlsFront(relay, await authority.issue({ fromDays: -3 }));
    const result = await status(port, { SSL_CERT_FILE: authority.path });
    expectFailure(result, 255, /its certificate has expired \(CERT_HAS_EXPIRED\)/);
    expect(result.stderr).toMatch(/hint: renew the certificate; .*clock of this machine/);
  });

  test('a certificate that is not valid yet: an error', async () => {
    const port = await startTlsFront(relay, await authority.issue({ fromDays: 1 }));
    const result = await status(port, { SSL_CERT_FILE: authority.path });
    expectFailure(result, 255, /its certificate is not valid yet \(CERT_NOT_YET_VALID\)/);
  });

  test('a certificate for other host names: the error lists them', async () => {
    const issued = await authority.issue({ names: ['other.example', '*.third.example', 'IP:192.0.2.1'] });
    const port = await startTlsFront(relay, issued);
    const result = await status(port, { SSL_CERT_FILE: authority.path });
    expectFailure(
      result,
      255,
      /its certificate is for other\.example, \*\.third\.example, 192\.0\.2\.1 \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    );
    expect(result.stderr).toMatch(/hint: use a host name that the certificate is for/);
  });

  test('a certificate that is not for servers: an error', async () => {
    const issued = await authority.issue({ extensions: ['extendedKeyUsage=clientAuth'] });
    const port = await startTlsFront(relay, issued);
    expectFailure(
      await status(port, { SSL_CERT_FILE: authority.path }),
      255,
      /its certificate is not for servers \(INVALID_PURPOSE\)/,
    );
  });

  test('SSL_CERT_FILE with a certificate that is not an authority: not trusted', async () => {
    const leaf = await authority.issue();
    await writeFile(join(folder.path, 'leaf.pem'), leaf.cert);
    await writeFile(join(folder.path, 'leaf.key'), leaf.key);
    const port = await startTlsFront(relay, await authority.issue());
    const result = await status(port, { SSL_CERT_FILE: join(folder.path, 'leaf.pem') });
    expectFailure(result, 255, /not trusted here/);
  });

  test('a certificate with a weak key: an error', async () => {
    const { cert, key } = await authority.issue({ algorithm: 'rsa:768' });
    const port = await startTlsFront(relay, { cert, key, ciphers: 'DEFAULT@SECLEVEL=0' });
    const result = await status(port, { SSL_CERT_FILE: authority.path });
    expectFailure(result, 255, /its (?:key or )?certificate is (?:too weak|not accepted: .*weak)/);
    expect(result.stderr).toMatch(/hint: issue a certificate with a stronger key/);
  });

  test('a relay with only old versions of TLS: an error', async () => {
    const { cert, key } = await authority.issue();
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const port = await startTlsFront(relay, { cert, key, ...old });
    const result = await status(port, { SSL_CERT_FILE: authority.path });
    expectFailure(result, 255, /it speaks only versions of TLS that this client refuses \(/);
  });

  test('no cipher in common: an error', async () => {
    const { cert, key } = await authority.issue();
    const few = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA' } as const;
    const port = await startTlsFront(relay, { cert, key, ...few });
    const result = await status(port, { SSL_CERT_FILE: authority.path });
    expectFailure(result, 255, /it refused the TLS handshake \(ERR_SSL_\w+\)/);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'the relay requires a client certificate, %s: an error',
    async (version) => {
      const { cert, key } = await authority.issue();
      const asks = { requestCert: true, rejectUnauthorized: true, ca: authority.pem };
      const versions = { minVersion: version, maxVersion: version };
      const port = await startTlsFront(relay, { cert, key, ...asks, ...versions });
      const result = await status(port, { SSL_CERT_FILE: authority.path });
      const [words, hint] =
        version === 'TLSv1.3'
          ? [/it requires a client certificate|the connection closed unexpectedly/, /hint: ./]
          : [/it refused the TLS handshake/, /hint: it may require a client certificate/];
      expectFailure(result, 255, words);
      expect(result.stderr).toMatch(hint);
    },
  );

  test('https to a server that speaks http: an error with a hint', async () => {
    const result = await status(relay.port, {}, '127.0.0.1');
    expectFailure(result, 255, /it does not speak TLS \(/);
    expect(result.stderr).toMatch(/hint: if it speaks plain http, write http:\/\/ in the URL/);
  });

  test.each([
    [
      'does not exist',
      () => '/nowhere/ca.pem',
      /cannot read "\/nowhere\/ca\.pem": it does not exist \(ENOENT\)/,
    ],
    ['is a folder', () => folder.path, /it is a folder \(EISDIR\)/],
    ['is damaged', () => join(folder.path, 'damaged.pem'), /holds a certificate that is damaged/],
    ['holds no certificate', () => join(folder.path, 'authority.key'), /holds no certificate/],
  ])('CURL_CA_BUNDLE is a file that %s: an error before any request', async (_title, choosePath, error) => {
    const result = await status(1, { CURL_CA_BUNDLE: choosePath() });
    expectFailure(result, 255, error);
    expect(result.stderr).toMatch(/error: CURL_CA_BUNDLE: /);
  });
});
