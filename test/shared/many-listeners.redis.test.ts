import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { hasRedis, startRedis, withoutRedis } from '../harness/redis.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { Fleet } from './chaos/fleet.ts';
import type { Report } from './many/generate.ts';
import { forTest } from '../harness/for-test.ts';

/** Limit of sockets for one process: node raises its own limit to this. */
const mostFiles = execFileSync('bash', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
const fits = mostFiles === 'unlimited' || Number(mostFiles) >= 12_000;
const sessions = Number(process.env['REMOTIFY_TEST_SESSIONS'] ?? (fits ? 10_000 : 1_000));

const lifted = ['max-held-polls', 'max-held-polls-per-address', 'max-sessions-per-address'];

function readRssKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

describe.skipIf(!hasRedis)(`two relays on one Redis${withoutRedis}`, () => {
  test(`${sessions} waiting listeners, a push to each session at the other relay: every listener wakes`, {
    timeout: 400_000,
  }, async () => {
    const redis = await forTest(startRedis());
    const flags = [...lifted.flatMap((limit) => [`--${limit}`, '0']), '--long-poll', '25s'];
    const fleet = await Fleet.open({ store: redis.url, count: 2, flags });
    const folder = await forTest(makeTemporaryFolder());
    const script = fileURLToPath(new URL('many/generate.ts', import.meta.url));
    const ports = fleet.relays.map(({ port }) => port).join(',');
    const generator = spawnCaptured(process.execPath, ['--import', 'tsx', script, ports, String(sessions)], {
      env: cleanEnvironment(folder.path),
      stdin: 'open',
    });
    onTestFinished(() => void generator.child.kill('SIGKILL'));
    const reach = async (word: string): Promise<void> => {
      await eventually(`the load is ${word}`, 120_000, () => {
        if (!generator.isRunning()) throw new Error(generator.stderr());
        return generator.stdout().toString().includes(word);
      });
    };
    const measure = async () => ({
      relays: fleet.relays.map(({ pid }) => readRssKib(pid)),
      redis: Number(/used_memory:(\d+)/.exec(await redis.cli('INFO', 'memory'))?.[1]) / 1024,
    });
    const empty = await measure();
    await reach('created');
    const created = await measure();
    generator.child.stdin?.write('listen\n');
    await reach('ready');
    const waiting = await measure();
    generator.child.stdin?.write('push\n');
    const { code } = await withDeadline(generator.closed, 200_000, 'the load process exits');
    expect([code, generator.stderr()]).toEqual([0, '']);
    const ended = await measure();
    const { woken, wake } = JSON.parse(generator.stdout().toString().split('\n').at(-2) ?? '') as Report;
    const row = (name: string, from: typeof empty, to: typeof empty): string => {
      const each = (before: number, after: number) => ((after - before) / sessions).toFixed(2).padStart(12);
      const relays = to.relays.map((rss, nth) => each(from.relays[nth] ?? 0, rss)).join('');
      return `${name.padEnd(30)}${relays}${each(from.redis, to.redis)}`;
    };
    console.log(
      [
        `KiB for each of ${sessions} sessions    relay 1     relay 2       Redis`,
        row('created', empty, created),
        row('and its listener polls', created, waiting),
        row('and one command was run', waiting, ended),
        `woken at the other relay: p50 ${wake.p50.toFixed(1)} ms, p99 ${wake.p99.toFixed(1)} ms`,
      ].join('\n'),
    );
    expect(woken).toBe(sessions);
  });
});
