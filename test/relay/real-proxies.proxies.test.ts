import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type CertificateFiles, hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { findFreePort } from '../harness/free-port.ts';
import { startListener } from '../harness/listener.ts';
import { hasProxy, type ProxyKind, startRealProxy } from '../harness/real-proxy.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// nginx, Caddy and HAProxy in front of a relay, with the shortest configurations that are in common use.

let files: CertificateFiles;
beforeAll(async () => {
  const folder = await makeTemporaryFolder();
  if (hasOpenssl) {
    files = await makeCertificate(folder.path);
    // HAProxy reads certificate and key from one file.
    const both = await Promise.all([files.certPath, files.keyPath].map((path) => readFile(path)));
    await writeFile(`${files.certPath}.both`, Buffer.concat(both));
  }
  return folder.remove;
});

type Ports = { front: number; relay: number };

/** `server`: the content of the server block after the address. */
const nginx = (listen: string, server: string) => (folder: string) =>
  `
daemon off; user root; worker_processes 1; pid ${folder}/pid; error_log stderr;
events { worker_connections 256; }
http { access_log off; client_max_body_size 26m;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  server { listen 127.0.0.1:${listen}; ${server} } }
`;

const secureNginx = (front: number, headers: string) =>
  nginx(
    `${front} ssl`,
    `ssl_certificate ${files.certPath}; ssl_certificate_key ${files.keyPath};
     location / { proxy_pass http://127.0.0.1:RELAY; ${headers} }`,
  );

const caddy = (site: string) => () =>
  `{
  admin off
  auto_https disable_redirects
}
${site}
`;

const haproxy = (bind: string, rules: string) => () =>
  `
defaults
  mode http
  timeout connect 5s
  timeout client 70s
  timeout server 70s
frontend front
  bind 127.0.0.1:${bind}
  ${rules}
  default_backend relay
backend relay
  server one 127.0.0.1:RELAY
`;

type Configure = (folder: string) => string;
type Row = [title: string, kind: ProxyKind, configure: (ports: Ports) => Configure, flags: string[]];

const trust = ['--trust-proxy', '1'];
const keepsHost = 'proxy_set_header Host $http_host;';
const saysScheme = 'proxy_set_header X-Forwarded-Proto $scheme;';

async function setUp([, kind, configure, flags]: Row, scheme: string, path = '') {
  const front = await findFreePort();
  const url = `${scheme}://localhost:${front}${path}`;
  const relay: Relay = await startRelay({ flags: flags.map((flag) => flag.replace('FRONT', url)) });
  onTestFinished(relay.stop);
  const ports = { front, relay: relay.port };
  await forTest(
    startRealProxy(kind, front, (folder) => configure(ports)(folder).replaceAll('RELAY', String(relay.port))),
  );
  const client = await forTest(makeClient({ url }));
  return { url, relay, client };
}

/** Runs `new`, a listener with its line, a command that fails, and one with 3 MB of stdin. */
async function expectWholeWay(
  { url, client }: Awaited<ReturnType<typeof setUp>>,
  trusted = '',
): Promise<void> {
  const env: Record<string, string> = trusted === '' ? {} : { NODE_EXTRA_CA_CERTS: trusted };
  const made = await client.run(['new', '--auto'], { env });
  expect([made.exitCode, made.stderr.includes('the line points')], made.stderr).toEqual([0, false]);
  expect(made.text).toContain(`--proto '=${url.slice(0, url.indexOf(':'))}' '${url}/r/`);
  await forTest(startListener(made.text, trusted === '' ? {} : { CURL_CA_BUNDLE: trusted }));
  const failed = await client.run(['exec', 'echo out; echo err >&2; exit 7'], { env });
  expect([failed.exitCode, failed.text, failed.stderr]).toEqual([7, 'out\n', 'err\n']);
  const large = await client.run(['exec', '--stdin', 'wc -c'], { env, stdin: 'x'.repeat(3_000_000) });
  expect(large.text.trim()).toBe('3000000');
}

const secure: Row[] = [
  [
    'nginx that forwards the Host and sends the scheme',
    'nginx',
    ({ front }) => secureNginx(front, keepsHost + saysScheme),
    trust,
  ],
  [
    'nginx that replaces the Host, and sends X-Forwarded-Host and the scheme',
    'nginx',
    ({ front }) => secureNginx(front, `proxy_set_header X-Forwarded-Host $http_host; ${saysScheme}`),
    trust,
  ],
  [
    'nginx with only proxy_pass, and --public-url',
    'nginx',
    ({ front }) => secureNginx(front, ''),
    ['--public-url', 'FRONT'],
  ],
  [
    'Caddy with only reverse_proxy',
    'caddy',
    ({ front }) =>
      caddy(
        `https://localhost:${front} {\n  tls ${files.certPath} ${files.keyPath}\n  reverse_proxy 127.0.0.1:RELAY\n}`,
      ),
    trust,
  ],
  [
    'HAProxy that sends the scheme',
    'haproxy',
    ({ front }) =>
      haproxy(
        `${front} ssl crt ${files.certPath}.both`,
        'option forwardfor\n  http-request set-header X-Forwarded-Proto https if { ssl_fc }',
      ),
    trust,
  ],
];

const below: Row[] = [
  [
    'nginx that removes the path',
    'nginx',
    ({ front }) => nginx(String(front), 'location /remotify/ { proxy_pass http://127.0.0.1:RELAY/; }'),
    ['--public-url', 'FRONT'],
  ],
  [
    'nginx that keeps the path',
    'nginx',
    ({ front }) => nginx(String(front), 'location /remotify { proxy_pass http://127.0.0.1:RELAY; }'),
    ['--public-url', 'FRONT'],
  ],
  [
    'Caddy that removes the path',
    'caddy',
    ({ front }) =>
      caddy(
        `http://localhost:${front} {\n  handle_path /remotify* {\n    reverse_proxy 127.0.0.1:RELAY\n  }\n}`,
      ),
    ['--public-url', 'FRONT'],
  ],
  [
    'Caddy that keeps the path',
    'caddy',
    ({ front }) =>
      caddy(`http://localhost:${front} {\n  handle /remotify* {\n    reverse_proxy 127.0.0.1:RELAY\n  }\n}`),
    ['--public-url', 'FRONT'],
  ],
  [
    'HAProxy that removes the path',
    'haproxy',
    ({ front }) => haproxy(String(front), 'http-request replace-path /remotify(/)?(.*) /\\2'),
    ['--public-url', 'FRONT'],
  ],
];

describe('https', { timeout: 60_000 }, () => {
  for (const row of secure) {
    test.skipIf(!hasOpenssl || !hasProxy(row[1]))(
      `${row[0]} (skipped without ${row[1]} or openssl)`,
      async () => {
        await expectWholeWay(await setUp(row, 'https'), files.certPath);
      },
    );
  }
});

describe('below a path', { timeout: 60_000 }, () => {
  for (const row of below) {
    test.skipIf(!hasProxy(row[1]))(`${row[0]} (skipped without ${row[1]})`, async () => {
      const scene = await setUp(row, 'http', '/remotify');
      await expectWholeWay(scene);
      await waitForState(
        scene.client,
        'the listener is attached',
        (state) => state.listener?.attached === true,
      );
      const script = await fetch(`${scene.url}/landing.js`);
      expect([script.status, script.headers.get('content-type')]).toEqual([
        200,
        'text/javascript; charset=utf-8',
      ]);
      const page = await (await fetch(scene.url)).text();
      expect(page).toContain('src="/remotify/landing.js"');
    });
  }
});

test.skipIf(!hasProxy('nginx'))(
  'nginx with only proxy_pass and X-Forwarded-For: new and the relay warn about the inner address (skipped without nginx)',
  async () => {
    const configure: Row[2] = ({ front }) =>
      nginx(
        String(front),
        'location / { proxy_pass http://127.0.0.1:RELAY; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }',
      );
    const { relay, client } = await setUp(['', 'nginx', configure, trust], 'http');
    const made = await client.run(['new']);
    expect(made.stderr).toContain(`the line points at ${relay.url}, not at `);
    await eventually('the relay warns', 5_000, () =>
      relay.stderr().includes(`a proxy sends the Host 127.0.0.1:${relay.port}, so the lines`),
    );
  },
);
