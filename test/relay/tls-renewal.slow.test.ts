import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, test, type TestContext } from 'vitest';
import { type CertificateFiles, hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { curl } from '../harness/curl.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

// The certificate is renewed while the relay is running.

async function fingerprintOf({ certPath }: CertificateFiles): Promise<string> {
  return new X509Certificate(await readFile(certPath)).fingerprint256;
}

/** The fingerprint of the certificate that a new connection gets. */
async function readServed({ port }: Relay): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await withDeadline(once(socket, 'secureConnect'), 5_000, 'the handshake');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

async function waitUntilServed(relay: Relay, files: CertificateFiles): Promise<void> {
  const fingerprint = await fingerprintOf(files);
  await eventually('the new certificate is served', 10_000, async () => {
    return (await readServed(relay)) === fingerprint;
  });
}

async function copyPair(from: CertificateFiles, to: CertificateFiles): Promise<void> {
  await copyFile(from.keyPath, to.keyPath);
  await copyFile(from.certPath, to.certPath);
}

/** Replaces a link in one step; with `ln -sfn` there is a moment without the link. */
async function pointLink(target: string, path: string): Promise<void> {
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}

/** Installs a certificate and key where the relay reads them; round 0 is the first time. */
type Install = (pair: CertificateFiles, live: string, round: number) => Promise<void>;

const namesIn = (folder: string): CertificateFiles => ({
  certPath: join(folder, 'tls.crt'),
  keyPath: join(folder, 'tls.key'),
});

const writeOver: Install = (pair, live) => copyPair(pair, namesIn(live));

const waysToInstall: [string, Install][] = [
  ['files are overwritten', writeOver],
  [
    'new files are renamed to the old names',
    async (pair, live) => {
      const [fresh, { certPath, keyPath }] = [namesIn(`${live}/..`), namesIn(live)];
      await copyPair(pair, fresh);
      await rename(fresh.keyPath, keyPath);
      await rename(fresh.certPath, certPath);
    },
  ],
  [
    'each link is changed to a new version, as certbot does',
    async (pair, live, round) => {
      const archive = join(live, 'archive');
      await mkdir(archive, { recursive: true });
      const version = { certPath: join(archive, `cert${round}`), keyPath: join(archive, `key${round}`) };
      await copyPair(pair, version);
      await pointLink(`archive/key${round}`, join(live, 'tls.key'));
      await pointLink(`archive/cert${round}`, join(live, 'tls.crt'));
    },
  ],
  [
    'the link of the folder is changed and those of the files stay, as Kubernetes does',
    async (pair, live, round) => {
      const version = join(live, `..${round}`);
      await mkdir(version);
      await copyPair(pair, namesIn(version));
      await pointLink(`..${round}`, join(live, '..data'));
      if (round > 0) return rm(join(live, `..${round - 1}`), { recursive: true });
      for (const name of ['tls.crt', 'tls.key']) await symlink(`..data/${name}`, join(live, name));
    },
  ],
];

async function setUp(install: Install, { onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const live = join(folder.path, 'live');
  await mkdir(live);
  const [first, second] = await Promise.all([
    makeCertificate(folder.path, { name: 'first' }),
    makeCertificate(folder.path, { name: 'second' }),
  ]);
  await install(first, live, 0);
  const { certPath, keyPath } = namesIn(live);
  const relay = await startRelay({ flags: ['--tls-cert', certPath, '--tls-key', keyPath] });
  onTestFinished(relay.stop);
  expect(await readServed(relay)).toBe(await fingerprintOf(first));
  return {
    folder: folder.path,
    live: namesIn(live),
    install: (pair: CertificateFiles) => install(pair, live, 1),
    relay,
    first,
    second,
  };
}

/** Replaces a file in one step. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

// Concurrent, since most of the time is waiting for the relay to check the files.
describe.skipIf(!hasOpenssl)('new certificate', { concurrent: true }, () => {
  test.for(waysToInstall)(
    'new certificate: the relay serves it without a restart: %s',
    async ([, way], context) => {
      const { relay, install, second } = await setUp(way, context);
      await install(second);
      await waitUntilServed(relay, second);
      await eventually('the relay logs it', 5_000, () =>
        relay.stderr().includes('the TLS certificate changed: the relay uses the new one'),
      );
    },
  );

  test('open connection with a held poll: it stays open, and the poll is answered', async (context) => {
    const { relay, install, first, second } = await setUp(writeOver, context);
    const ca = await readFile(first.certPath);
    const made = await curl(['--cacert', first.certPath, '-X', 'POST', `${relay.url}/api/session`]);
    const { urls } = made.json<SessionPayload>();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
    context.onTestFinished(() => agent.destroy());
    const poll = request(urls.cmd, { agent });
    const answered = once(poll, 'response') as Promise<[IncomingMessage]>;
    poll.end();
    await once(poll, 'finish');
    await install(second);
    await waitUntilServed(relay, second);
    const pushed = await curl(['--cacert', second.certPath, '--data-binary', 'echo one', urls.cmd]);
    expect(pushed.status).toBe(201);
    const [answer] = await withDeadline(answered, 5_000, 'the poll is answered');
    expect(await answer.setEncoding('utf8').toArray()).toEqual(['echo one']);
    // The agent trusts only the first certificate, so a new connection would fail.
    const again = request(`${relay.url}/api/health`, { agent });
    const [health] = (await withDeadline(once(again.end(), 'response'), 5_000, 'health')) as [
      IncomingMessage,
    ];
    health.resume();
    expect([health.statusCode, again.reusedSocket]).toEqual([200, true]);
  });

  test('new certificate is unusable: the relay keeps the old one and logs each error once, until the files are fixed', async (context) => {
    const { relay, folder, install, live, first, second } = await setUp(writeOver, context);
    const [whole, key] = [await readFile(first.certPath), await readFile(first.keyPath)];
    const foreignKey = await readFile(second.keyPath);
    const damages: [words: string, damage: () => Promise<void>][] = [
      ['tls.key does not belong to tls.crt', () => replaceFile(live.keyPath, foreignKey)],
      [
        'tls.crt cannot be used: TLS does not accept it (',
        async () => {
          await replaceFile(live.keyPath, key);
          await replaceFile(live.certPath, Buffer.concat([whole, whole.subarray(0, 200)]));
        },
      ],
      [
        'tls.crt is not a certificate in PEM format',
        () => replaceFile(live.certPath, whole.subarray(0, 100)),
      ],
      [
        'tls.key is not a private key in PEM format',
        async () => {
          await replaceFile(live.keyPath, key.subarray(0, 60));
          await replaceFile(live.certPath, whole);
        },
      ],
      ['cannot read tls.key: no such file or directory (ENOENT)', () => rm(live.keyPath)],
    ];
    const complaints = () => relay.stderr().match(/the TLS certificate changed but is unusable: .+/g) ?? [];
    for (const [index, [words, damage]] of damages.entries()) {
      await damage();
      await eventually(words, 8_000, () => complaints().length > index);
      expect(complaints().at(-1)).toContain(words);
      expect(complaints().at(-1)).toMatch(/; the relay keeps the old one$/);
      expect(await readServed(relay), words).toBe(await fingerprintOf(first));
      // The relay checks each file once a second, and logs the same error once.
      if (index === 1) await untilPassed('the relay has checked both changed files', 2_200);
    }
    expect(complaints()).toHaveLength(damages.length);
    await install(second);
    await waitUntilServed(relay, second);
    expect(relay.stderr()).not.toContain(folder);
    expect(relay.stderr()).not.toMatch(/^ +at |Error:/m);
  });
});
