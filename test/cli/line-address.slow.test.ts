import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type CertificateFiles, hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { type FrontOptions, type FrontProxy, startFrontProxy } from '../harness/front-proxy.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

// The relay chooses the address in the line to paste; the client compares it with the address that it uses itself.

let certificate: CertificateFiles;
beforeAll(async () => {
  const folder = await makeTemporaryFolder();
  if (hasOpenssl) certificate = await makeCertificate(folder.path);
  return folder.remove;
});

type Scene = { client: Client; relay: Relay; front: FrontProxy; env: Record<string, string> };

/** A client of a relay behind a proxy. */
async function setUp(flags: string[], options: FrontOptions = {}): Promise<Scene> {
  const front = await startFrontProxy(options);
  const relay = await startRelay({ flags: flags.map((flag) => flag.replace('PORT', String(front.port))) });
  front.aim(relay);
  const client = await makeClient(front);
  onTestFinished(async () => {
    await client.remove();
    await relay.stop();
    await front.stop();
  });
  const env = options.certificate ? { NODE_EXTRA_CA_CERTS: options.certificate.certPath } : {};
  return { client, relay, front, env };
}

const countSessions = async (relay: Relay): Promise<string> => {
  const text = await (await fetch(String(relay.metrics))).text();
  return /^remotify_sessions (\d+)$/m.exec(text)?.[1] ?? text;
};

describe.skipIf(!hasOpenssl)('https in front (skipped without openssl)', () => {
  test.each([
    ['new', ['new']],
    ['new with --json', ['new', '--json']],
    ['new with --pin', ['new', '--pin']],
    ['exec without a session', ['exec', 'true']],
  ])('%s: a line with http is refused, and no session remains', async (_title, args) => {
    const { client, relay, front, env } = await setUp(['--metrics', '0'], { certificate });
    const made = await client.run(args, { env });
    expect(made.exitCode).toBe(255);
    if (args.includes('--json'))
      expect(JSON.parse(made.text)).toMatchObject({ error: { code: 'unsafe_line' } });
    else expect(made.text).toBe('');
    const plain = front.url.replace('https', 'http');
    expect(made.stderr).toContain(
      `remotify: error: ${front.url} hands out a line with ${plain}: the key would cross the network unencrypted\n`,
    );
    expect(made.stderr).toContain(
      `hint: its operator can fix that: \`remotify serve --public-url ${front.url}\`, or --trust-proxy 1 `,
    );
    expect(made.stderr + made.text).not.toMatch(/[0-9a-f]{32}/);
    expect((await client.run(['list', '--json'])).text).toContain('"sessions": []');
    expect(await countSessions(relay)).toBe('0');
  });

  test('a line with http and another host name: refused', async () => {
    const { client, env } = await setUp(['--public-url', 'http://relay.example'], { certificate });
    const made = await client.run(['new'], { env });
    expect(made.exitCode).toBe(255);
    expect(made.stderr).toContain('hands out a line with http://relay.example: the key would cross');
  });

  test('with --trust-proxy the line has https: no note', async () => {
    const setHeaders: FrontOptions['setHeaders'] = (headers) => {
      headers['x-forwarded-proto'] = 'https';
    };
    const { client, front, env } = await setUp(['--trust-proxy', '1'], { certificate, setHeaders });
    const made = await client.run(['new'], { env });
    expect(made.exitCode).toBe(0);
    expect(made.text).toContain(`--proto '=https' '${front.url}/r/`);
    expect(made.stderr).not.toContain('the line points');
  });

  test('exec with a session key: the line with http is not printed', async () => {
    const { client, relay, front, env } = await setUp([], { certificate });
    const { key } = (await (await fetch(`${relay.url}/api/session`, { method: 'POST' })).json()) as {
      key: string;
    };
    const ran = await client.run(['exec', '-s', key, '--wait', '1', 'true'], { env });
    expect(ran.exitCode).toBe(255);
    expect(ran.stderr).not.toContain(front.url.replace('https', 'http'));
  });
});

test('a line with https and another host, client on http: accepted with a note', async () => {
  const { client, front } = await setUp(['--public-url', 'https://relay.example']);
  const made = await client.run(['new']);
  expect(made.exitCode).toBe(0);
  expect(made.text).toContain("--proto '=https' 'https://relay.example/r/");
  expect(made.stderr).toContain(
    `remotify: the line points at https://relay.example, not at ${front.url}: the remote must be able to reach it\n`,
  );
  expect((await client.run(['new', '--quiet'])).stderr).toBe('');
});

test('a line with the address that the client uses: no note', async () => {
  const { client } = await setUp(['--public-url', 'http://LOCALHOST:PORT/']);
  const made = await client.run(['new']);
  expect(made.exitCode).toBe(0);
  expect(made.stderr).not.toContain('the line points');
});

test('a proxy that replaces the Host header: the note has the address in the line', async () => {
  const setHeaders: FrontOptions['setHeaders'] = (headers) => {
    headers.host = '127.0.0.1:1';
  };
  const { client, front } = await setUp([], { setHeaders });
  const made = await client.run(['new']);
  expect(made.exitCode).toBe(0);
  expect(made.stderr).toContain(`the line points at http://127.0.0.1:1, not at ${front.url}: `);
});
