/** Three relays on one Redis behind the files of deploy/: one of them is killed while commands run, and nothing is lost. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasOpenssl } from '../harness/certificate.ts';
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

type Start = (options: ProxyOptions) => Promise<Proxy>;

const proxies: [name: string, start: Start][] = [
  ['haproxy', startHaproxy],
  ['nginx', startNginx],
  ['caddy', (options) => startCaddy({ ...options, authority: 'internal' })],
];

type Cluster = { relays: Relay[]; remote: RemoteThrough };

async function startCluster(start: Start): Promise<Cluster> {
  const redis = await startRedis({ appendOnly: true });
  onTestFinished(redis.stop);
  const relays: Relay[] = [];
  for (const _number of [1, 2, 3]) {
    const relay = await startRelay({ store: redis.url, flags: ['--trust-proxy', '1'] });
    onTestFinished(relay.stop);
    relays.push(relay);
  }
  const proxy = await start({ upstreams: relays.map(({ port }) => `127.0.0.1:${port}`) });
  onTestFinished(proxy.stop);
  const remote = await startRemoteThrough(proxy);
  onTestFinished(remote.stop);
  expect((await remote.exec(['true'])).exitCode).toBe(0);
  return { relays, remote };
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_none, index) => from + index);

for (const [name, start] of proxies) {
  const missing = [
    ...(findProgram(name) === undefined ? [name] : []),
    ...(hasOpenssl ? [] : ['openssl']),
    ...(hasRedis ? [] : ['redis-server']),
  ];
  const title = `three relays on one Redis behind ${name}${missing.length > 0 ? ` (missing here: ${missing.join(', ')})` : ''}`;
  describe.skipIf(missing.length > 0)(title, () => {
    test('two of the three are killed -9 in turn: no command and no output is lost, none runs twice', {
      timeout: 90_000,
    }, async () => {
      const { relays, remote } = await startCluster(start);
      const ran = join(remote.folder, 'ran');
      const gate = await makeGate(remote.folder);
      onTestFinished(gate.close);

      // The proxy spreads requests over all three, so each death hits open ones.
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
  });
}
