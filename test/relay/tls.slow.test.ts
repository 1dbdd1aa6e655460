import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { expectFailure } from '../cli/expect-failure.ts';
import { type CertificateFiles, hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// A relay that serves TLS itself.

const flagsOf = ({ certPath, keyPath }: CertificateFiles) => ['--tls-cert', certPath, '--tls-key', keyPath];

describe.skipIf(!hasOpenssl)('with a certificate', () => {
  let relay: Relay;
  let trusted: string;
  beforeAll(async () => {
    const folder = await makeTemporaryFolder();
    const files = await makeCertificate(folder.path);
    trusted = files.certPath;
    relay = await startRelay({ flags: flagsOf(files) });
    return async () => {
      await relay.stop();
      await folder.remove();
    };
  });

  const ask = (path: string, ...args: string[]) => curl(['--cacert', trusted, ...args, relay.url + path]);

  test('all URLs in responses begin with https', async () => {
    expect(relay.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect((await ask('/api/health')).status).toBe(200);
    expect((await ask('/')).text).toMatch(/<!doctype html>/i);
    const made = (await ask('/api/session', '-X', 'POST')).json<SessionPayload>();
    for (const url of Object.values(made.urls)) expect(new URL(url).origin).toBe(relay.url);
    expect(made.remote_quickstart).toContain(`--proto '=https' '${relay.url}/r/`);
    expect(made.exec).not.toContain('http:');
    const other = await ask('/api/session', '-X', 'POST', '-H', `Host: localhost:${relay.port}`);
    expect(other.json<SessionPayload>().urls.cmd).toContain(`https://localhost:${relay.port}/cmd-`);
    expect((await curl(['--cacert', trusted, made.urls.runner])).text).toContain(`'${relay.url}'`);
  });

  test('new, a listener with the pasted line, and exec -i work over TLS', async () => {
    const client = await forTest(makeClient(relay));
    const env = { NODE_EXTRA_CA_CERTS: trusted };
    const made = await client.run(['new', '--auto'], { env });
    expect(made.exitCode, made.stderr).toBe(0);
    await forTest(startListener(made.text, { CURL_CA_BUNDLE: trusted }));
    const script = 'cat; head -c 3000000 /dev/zero; echo words >&2; exit 7';
    const { exitCode, stdout, stderr } = await client.run(['exec', '-i', script], { env, stdin: 'input' });
    expect([exitCode, stdout.byteLength, stdout.subarray(0, 5).toString()]).toEqual([7, 3_000_005, 'input']);
    expect(stderr).toBe('words\n');
  });

  test('client that does not trust the certificate: exit status 255 and an error that names the reason', async () => {
    const client = await forTest(makeClient(relay));
    const { exitCode, stderr } = await client.run(['new']);
    expect(exitCode).toBe(255);
    expect(stderr).toContain('its certificate is self-signed');
  });

  test('every response has Strict-Transport-Security; a relay without TLS does not send it', async () => {
    for (const path of ['/', '/api/health', '/nowhere', `/cmd-${'0'.repeat(32)}`])
      expect((await ask(path)).headers['strict-transport-security'], path).toBe('max-age=31536000');
    const plain = await forTest(startRelay());
    for (const path of ['/', '/api/health', '/nowhere'])
      expect((await curl([plain.url + path])).headers).not.toHaveProperty('strict-transport-security');
  });

  test('clients without TLS: the relay closes the connection, still works and logs nothing', async () => {
    const before = relay.stderr();
    const plain = await curl([`http://127.0.0.1:${relay.port}/api/health`]);
    expect([0, 400]).toContain(plain.status);
    const noises = ['', '\0', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00\x01', 'SSH-2.0-x\r\n'];
    for (const noise of [...noises, '\x16\x03\x01'.repeat(10_000)]) {
      const socket = connect(relay.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      const closed = withDeadline(once(socket, 'close'), 8_000, `closed after ${JSON.stringify(noise)}`);
      socket.resume();
      socket.end(noise, 'latin1');
      await closed;
    }
    expect((await ask('/api/health')).status).toBe(200);
    expect(relay.stderr()).toBe(before);
  });

  test('SIGTERM while a silent client is connected: the relay ends before the handshake times out', async () => {
    const folder = await forTest(makeTemporaryFolder());
    const own = await forTest(startRelay({ flags: flagsOf(await makeCertificate(folder.path)) }));
    const socket = connect(own.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    // The harness allows 10 s, and so does the timeout of the handshake.
    const ended = withDeadline(own.kill('SIGTERM'), 8_000, 'the relay ends');
    expect(await ended).toEqual({ code: 0, signal: null });
  });
});

describe.skipIf(!hasOpenssl)('unusable certificate or key at the start: serve fails', () => {
  async function setUp() {
    const client = await forTest(makeClient({ url: 'http://127.0.0.1:1' }));
    const good = await makeCertificate(client.configDir);
    const other = await makeCertificate(client.configDir, { name: 'other' });
    const rubbish = join(client.configDir, 'rubbish.pem');
    await writeFile(rubbish, 'no PEM');
    const locked = join(client.configDir, 'locked.key');
    const made = spawnSync('openssl', [
      'ec',
      '-in',
      good.keyPath,
      '-aes256',
      '-passout',
      'pass:word',
      '-out',
      locked,
    ]);
    expect(made.status, String(made.stderr)).toBe(0);
    return { client, good, other, rubbish, locked, missing: join(client.configDir, 'missing.pem') };
  }

  type Files = Awaited<ReturnType<typeof setUp>>;
  const cases: [string, (files: Files) => CertificateFiles, string][] = [
    [
      'missing certificate',
      ({ good, missing }) => ({ ...good, certPath: missing }),
      'cannot read missing.pem: no such file or directory (ENOENT)',
    ],
    [
      'missing key',
      ({ good, missing }) => ({ ...good, keyPath: missing }),
      'cannot read missing.pem: no such file or directory (ENOENT)',
    ],
    ['a folder as the key', ({ good, client }) => ({ ...good, keyPath: client.configDir }), '(EISDIR)'],
    [
      'a damaged certificate',
      ({ good, rubbish }) => ({ ...good, certPath: rubbish }),
      'rubbish.pem is not a certificate in PEM format',
    ],
    [
      'a damaged key',
      ({ good, rubbish }) => ({ ...good, keyPath: rubbish }),
      'rubbish.pem is not a private key in PEM format',
    ],
    [
      'a key with a passphrase',
      ({ good, locked }) => ({ ...good, keyPath: locked }),
      'locked.key is not a private key in PEM format without a passphrase',
    ],
    [
      'the key of another certificate',
      ({ good, other }) => ({ ...good, keyPath: other.keyPath }),
      'other.key does not belong to relay.pem',
    ],
  ];

  test.each(cases)('%s', async (_title, choose, words) => {
    const files = await setUp();
    const args = ['serve', '--port', '0', '--store', 'memory:', ...flagsOf(choose(files))];
    const result = await files.client.run(args, { deadlineMs: 10_000 });
    expectFailure(result, 255, /cannot serve https: /);
    expect(result.stderr).toContain(words);
    expect(result.stderr).toContain('check --tls-cert and --tls-key');
    expect(result.stderr).not.toContain(files.client.configDir);
  });
});
