/** Three relays on one Redis behind each proxy of deploy/: relays are killed while commands run, and nothing is lost. */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { hasOpenssl } from '../harness/certificate.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { makeGate } from '../harness/gate.ts';
import {
  type Proxy,
  type ProxyOptions,
  startCaddy,
  startHaproxy,
  startNginx,
} from '../harness/proxy-process.ts';
import { hasRedis, startRedis } from '../harness/redis.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type RemoteThrough, startRemoteThrough } from './remote-through.ts';
import { forTest } from '../harness/for-test.ts';

type Start = (options: ProxyOptions) => Promise<Proxy>;

type ProxyCase = {
  name: string;
  start: Start;
  /** A request that the proxy repeats at another relay when a relay dies. Caddy repeats only GET. */
  repeats: [method: string, path: string];
  /** How many requests for each dead relay may get a closed connection without an answer. Clients retry those. */
  unanswered?: number;
};

const proxies: ProxyCase[] = [
  // `shutdown-sessions` also ends a request that is still connecting when HAProxy marks the relay down.
  { name: 'haproxy', start: startHaproxy, repeats: ['POST', '/reset'], unanswered: 1 },
  { name: 'nginx', start: startNginx, repeats: ['POST', '/reset'] },
  {
    name: 'caddy',
    start: (options) => startCaddy({ ...options, authority: 'internal' }),
    repeats: ['GET', '/status'],
  },
];

type Cluster = { relays: Relay[]; proxy: Proxy };

async function startCluster(start: Start): Promise<Cluster> {
  const redis = await forTest(startRedis({ appendOnly: true }));
  const relays: Relay[] = [];
  for (const _number of [1, 2, 3]) {
    const relay = await forTest(startRelay({ store: redis.url, flags: ['--trust-proxy', '1'] }));
    relays.push(relay);
  }
  const proxy = await forTest(start({ upstreams: relays.map(({ port }) => `127.0.0.1:${port}`) }));
  return { relays, proxy };
}

async function startRemote(proxy: Proxy): Promise<RemoteThrough> {
  const remote = await forTest(startRemoteThrough(proxy));
  expect((await remote.exec(['true'])).exitCode).toBe(0);
  return remote;
}

const requestsEach = 300;

/** One curl, one request after the other; returns the status of each, or the error. */
function startRequests(proxy: Proxy, key: string, [method, path]: [string, string]) {
  const how = [
    '-q',
    '--http1.1',
    '-s',
    '-4',
    '--cacert',
    proxy.caPath ?? '',
    '-X',
    method,
    '-H',
    `Authorization: Bearer ${key}`,
    // On a reused connection curl itself would retry a failed request.
    '-H',
    'Connection: close',
  ];
  const url = `${proxy.url}/api/session/self${path}?number=[1-${requestsEach}]`;
  const running = spawnCaptured(
    'curl',
    [...how, '-o', '/dev/null', '-w', '%{stderr}%{http_code} %{errormsg}\\n', url],
    {
      env: cleanEnvironment(tmpdir()),
    },
  );
  onTestFinished(() => void running.child.kill('SIGKILL'));
  // On stderr, because curl buffers its stdout when that is a pipe.
  const statuses = () =>
    running
      .stderr()
      .split('\n')
      .slice(0, -1)
      .map((line) => line.trim());
  return { statuses, closed: running.closed };
}

/** Stops the relay, so that it accepts requests and answers none, and kills it once a request hangs. */
async function killWithRequest(relay: Relay, clients: { statuses: () => string[] }[]): Promise<void> {
  process.kill(relay.pid, 'SIGSTOP');
  const counts = () => clients.map(({ statuses }) => statuses().length);
  let before = counts();
  await eventually(
    'a request hangs',
    10_000,
    () => {
      const now = counts();
      const isStuck = now.some((count, index) => count === before[index] && count < requestsEach);
      before = now;
      return isStuck;
    },
    200,
  );
  await relay.kill('SIGKILL');
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_none, index) => from + index);

for (const { name, start, repeats, unanswered = 0 } of proxies) {
  const missing = [
    ...(findProgram(name) === undefined ? [name] : []),
    ...(hasOpenssl ? [] : ['openssl']),
    ...(hasRedis ? [] : ['redis-server']),
  ];
  const title = `three relays on one Redis behind ${name}${missing.length > 0 ? ` (skipped: ${missing.join(', ')} not installed)` : ''}`;
  describe.skipIf(missing.length > 0)(title, () => {
    test('two of three relays are killed in turn: no command and no output is lost, none runs twice', {
      timeout: 90_000,
    }, async () => {
      const { relays, proxy } = await startCluster(start);
      const remote = await startRemote(proxy);
      const ran = join(remote.folder, 'ran');
      const gate = await forTest(makeGate(remote.folder));

      // The proxy spreads requests over all three relays, so each killed relay has open requests.
      const long = remote.startExec([
        `echo long >>'${ran}'; seq 1 2000; ${gate.wait}; seq 2001 4000; ${gate.wait}; seq 4001 6000; exit 7`,
      ]);
      onTestFinished(() => void long.child.kill('SIGKILL'));
      const waiting = numbers(1, 6).map((number) =>
        remote.exec([`echo ${number} >>'${ran}'; echo out ${number}; exit ${number}`], {
          deadlineMs: 60_000,
        }),
      );
      for (const [index, shown] of [
        [0, 2000],
        [1, 4000],
      ] as const) {
        await eventually(`line ${shown}`, 20_000, () => long.stdout().toString().endsWith(`\n${shown}\n`));
        await relays[index]?.kill('SIGKILL');
        await gate.open();
      }

      expect((await withDeadline(long.closed, 40_000, 'the long command ends')).code, long.stderr()).toBe(7);
      expect(long.stdout().toString()).toBe(numbers(1, 6000).join('\n') + '\n');
      const answers = await Promise.all(waiting);
      expect(answers.map(({ exitCode, stdout }) => [exitCode, stdout.toString()])).toEqual(
        numbers(1, 6).map((number) => [number, `out ${number}\n`]),
      );
      expect((await readFile(ran, 'utf8')).trim().split('\n').toSorted()).toEqual([
        '1',
        '2',
        '3',
        '4',
        '5',
        '6',
        'long',
      ]);
    });

    test(`two of three relays are killed in turn: no ${repeats.join(' ')} fails`, {
      timeout: 90_000,
    }, async () => {
      const { relays, proxy } = await startCluster(start);
      const made = await curl([
        '-4',
        '--cacert',
        proxy.caPath ?? '',
        '-X',
        'POST',
        `${proxy.url}/api/session`,
      ]);
      const { key } = made.json<{ key: string }>();
      const clients = [1, 2, 3].map(() => startRequests(proxy, key, repeats));
      const done = () => Math.min(...clients.map(({ statuses }) => statuses().length));
      for (const relay of relays.slice(0, 2)) {
        await eventually('50 requests more', 20_000, () => done() >= 50 * (relays.indexOf(relay) + 1), 5);
        await killWithRequest(relay, clients);
      }
      await withDeadline(
        Promise.all(clients.map(({ closed }) => closed)),
        40_000,
        'all requests are answered',
      );
      const failed = clients.flatMap(({ statuses }) => statuses()).filter((status) => status !== '200');
      const isUnanswered = (status: string): boolean => status === '000 Empty reply from server';
      expect(failed.filter((status) => !isUnanswered(status))).toEqual([]);
      expect(failed.filter(isUnanswered).length).toBeLessThanOrEqual(2 * unanswered);
      expect(done()).toBe(requestsEach);
    });
  });
}
