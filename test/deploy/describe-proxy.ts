/** Tests that must pass through every proxy that deploy/ has a file for. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasOpenssl } from '../harness/certificate.ts';
import { curl, startCurl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { findFreePort } from '../harness/free-port.ts';
import { makeGate } from '../harness/gate.ts';
import type { Proxy, ProxyOptions } from '../harness/proxy-process.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type RemoteThrough, startRemoteThrough } from './remote-through.ts';
import { forTest } from '../harness/for-test.ts';

export type ProxyCase = {
  title: string;
  needs: string[];
  start: (options: ProxyOptions) => Promise<Proxy>;
  /** The `--public-url` of the relay, if the case needs one: the address of the proxy on this port. */
  publicUrl?: (port: number) => string;
  /** Flags of the relay. Default: `--trust-proxy 1`, as deploy/ recommends. */
  flags?: string[];
  /** The proxy sends no X-Forwarded-For, so every client has its address. */
  hidesAddresses?: boolean;
  /** The error log of the proxy contains request lines. */
  logsKeys?: boolean;
  /** False for a proxy with the default body limit of nginx, 1 MiB. */
  takesLargeBodies?: boolean;
};

const bytes64MiB = 64 * 2 ** 20;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** How many polls of the listener ended without a command. */
const endedPolls = (relay: Relay): number =>
  relay.stderr().match(/access: .* GET \/api\/session\/\{key\}\/next 204 /g)?.length ?? 0;

const isMissing = (name: string): boolean =>
  name === 'openssl' ? !hasOpenssl : findProgram(name) === undefined;

export function describeProxy(given: ProxyCase): void {
  const missing = given.needs.filter(isMissing);
  const title = `${given.title}${missing.length > 0 ? ` (skipped: ${missing.join(', ')} not installed)` : ''}`;
  describe.skipIf(missing.length > 0)(title, { timeout: 60_000 }, () => {
    let relay: Relay;
    let proxy: Proxy;
    let remote: RemoteThrough;
    const curlProxy = (args: string[], path: string, options = {}) =>
      curl(
        ['-4', ...(proxy.caPath === undefined ? [] : ['--cacert', proxy.caPath]), ...args, proxy.url + path],
        options,
      );

    beforeAll(async () => {
      ({ relay, proxy } = await startBehind(given));
      remote = await startRemoteThrough(proxy);
      // The first command waits for the listener.
      expect((await remote.exec(['true'])).exitCode).toBe(0);
    });
    afterAll(async () => {
      await remote?.stop();
      await proxy?.stop();
      await relay?.stop();
    });

    test('remotify new: the line to paste has the address of the proxy', () => {
      expect(remote.line).toContain(`'${proxy.url}/r/`);
      expect(remote.line).toContain(`--proto '=${proxy.url.slice(0, proxy.url.indexOf(':'))}'`);
    });

    test('remotify exec returns the output and exit status 7', async () => {
      const { exitCode, stdout } = await remote.exec(['echo out; exit 7']);
      expect([exitCode, stdout.toString()]).toEqual([7, 'out\n']);
    });

    test('the first line of output arrives while the command runs', async () => {
      const gate = await forTest(makeGate(remote.folder, 'live'));
      const running = remote.startExec([`echo first; ${gate.wait}; echo last`]);
      onTestFinished(() => void running.child.kill('SIGKILL'));
      await eventually('the first line', 10_000, () => running.stdout().toString() === 'first\n');
      await gate.open();
      expect((await withDeadline(running.closed, 10_000, 'exec ends')).code).toBe(0);
      expect(running.stdout().toString()).toBe('first\nlast\n');
    });

    test('a command after an idle poll wakes the listener', async () => {
      const before = endedPolls(relay);
      await eventually('the relay ends a poll', 25_000, () => endedPolls(relay) > before);
      expect((await remote.exec(['echo awake'])).stdout.toString()).toBe('awake\n');
    });

    test('64 MiB of stdin arrive unchanged', async () => {
      const sent = randomBytes(bytes64MiB);
      const { stdout, stderr } = await remote.exec(['-i', 'sha256sum'], { stdin: sent, deadlineMs: 50_000 });
      expect(stdout.toString().split(' ')[0], stderr).toBe(sha256(sent));
    });

    test('64 MiB of output arrive unchanged', async () => {
      const path = join(remote.folder, 'large');
      const kept = randomBytes(bytes64MiB);
      await writeFile(path, kept);
      const { stdout, stderr } = await remote.exec([`cat '${path}'`], { deadlineMs: 50_000 });
      expect(sha256(stdout), stderr).toBe(sha256(kept));
    });

    test('reload of the proxy while a command runs: all output arrives', async () => {
      const gate = await forTest(makeGate(remote.folder, 'reload'));
      const lines = (from: number, to: number) =>
        `for i in $(seq ${from} ${to}); do echo $i; sleep 0.05; done`;
      const running = remote.startExec([`${lines(1, 20)}; ${gate.wait}; ${lines(21, 40)}`]);
      onTestFinished(() => void running.child.kill('SIGKILL'));
      await eventually('some lines', 10_000, () => running.stdout().includes('3\n'));
      await proxy.reload();
      await gate.open();
      expect((await withDeadline(running.closed, 30_000, 'exec ends')).code).toBe(0);
      const all = Array.from({ length: 40 }, (_none, index) => `${index + 1}\n`);
      expect(running.stdout().toString()).toBe(all.join(''));
    });

    test.skipIf(given.hidesAddresses === true)('the audit log has the client address', async () => {
      const made = await curlProxy(
        ['--interface', '127.0.0.9', '-X', 'POST', '-H', 'X-Forwarded-For: 203.0.113.7'],
        '/api/session',
      );
      expect(made.status, made.text).toBe(201);
      await eventually('the audit log', 5_000, () =>
        /session \S+ (made|created) from 127\.0\.0\.9/.test(relay.stderr()),
      );
      expect(relay.stderr()).not.toContain('203.0.113.7');
    });

    test.skipIf(given.takesLargeBodies === false)('a push of 24 MiB through the slot works', async () => {
      const { key } = (await curlProxy(['-X', 'POST'], '/api/session')).json<{ key: string }>();
      const pushed = await curlProxy(['--data-binary', '@-'], `/cmd-${key}`, {
        stdin: Buffer.alloc(24 * 2 ** 20, 'x'),
      });
      expect([pushed.status, pushed.exitCode], pushed.text).toEqual([201, 0]);
    });

    test('GET / returns the page', async () => {
      const page = await curlProxy([], '/');
      expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    });

    // The last test: it kills the relay.
    test.skipIf(given.logsKeys === true)(
      'the relay is killed during a poll: the log of the proxy contains no key',
      async () => {
        const { key } = (await curlProxy(['-X', 'POST'], '/api/session')).json<{ key: string }>();
        const trust = proxy.caPath === undefined ? [] : ['--cacert', proxy.caPath];
        const poll = startCurl(['-4', ...trust, `${proxy.url}/cmd-${key}`]);
        onTestFinished(poll.kill);
        await poll.sent;
        await relay.kill('SIGKILL');
        const { status } = await withDeadline(poll.answer, 20_000, 'the proxy answers for the relay');
        expect([502, 503, 504]).toContain(status);
        expect(proxy.log()).not.toMatch(/[0-9a-f]{32}/);
      },
    );
  });
}

async function startBehind({ start, flags = ['--trust-proxy', '1'], publicUrl }: ProxyCase) {
  const port = await findFreePort();
  const address = publicUrl === undefined ? [] : ['--public-url', publicUrl(port)];
  const relay = await startRelay({ flags: ['--audit-log', '--log', 'text', ...flags, ...address] });
  try {
    return { relay, proxy: await start({ upstreams: [`127.0.0.1:${relay.port}`], port }) };
  } catch (error) {
    await relay.stop();
    throw error;
  }
}
