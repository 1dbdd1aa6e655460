import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createBucket, pour } from '../../src/store/leaky-bucket.ts';
import { createMemoryBuckets } from '../../src/store/rate-limits.ts';
import { eventually } from '../harness/deadline.ts';
import { findFreePort } from '../harness/free-port.ts';
import { hasProxy, startRealProxy } from '../harness/real-proxy.ts';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';

const second = 1_000_000;

describe('the default rate limit, 10r/m with a burst of 5', () => {
  const bucket = createBucket({ count: 10, perSeconds: 60, burst: 5 });

  function run(points: readonly number[]): (number | 'passes')[] {
    let emptyAt = 0;
    return points.map((now) => {
      const poured = pour(emptyAt, now, bucket);
      emptyAt = poured.emptyAt;
      return poured.wait === 0 ? 'passes' : poured.wait / second;
    });
  }

  test('8 requests at once: 6 pass, the others must wait 6 s', () => {
    expect(run(Array.from({ length: 8 }, () => second))).toEqual([
      ...Array.from({ length: 6 }, () => 'passes'),
      6,
      6,
    ]);
  });

  test('a full bucket: one request passes every 6 s, not a microsecond earlier', () => {
    const full = Array.from({ length: 6 }, () => 0);
    expect(run([...full, 6 * second - 1, 6 * second, 6 * second, 12 * second]).slice(6)).toEqual([
      1 / second,
      'passes',
      6,
      'passes',
    ]);
  });

  test('the clock is set back by a day: the wait is that of a full bucket', () => {
    const day = 86_400 * second;
    const { emptyAt } = pour(0, day, bucket);
    expect(pour(emptyAt, 0, bucket).wait).toBe(6 * second);
  });
});

test('200,000 buckets that are empty again take no memory', async () => {
  let now = 0;
  const take = createMemoryBuckets(() => now);
  const bucket = createBucket({ count: 1, perSeconds: 1, burst: 0 });
  const before = process.memoryUsage().heapUsed;
  for (let nth = 0; nth < 200_000; nth += 1) {
    now += 10_000;
    expect(await take(`192.0.2.${nth}`, bucket)).toBe(0);
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  expect(await take('192.0.2.199999', bucket)).toBe(1_000);
});

/** Sends requests one after the other, with these pauses before them. Resolves with the time in nginx's log and the result of each. */
async function askNginx(
  limits: { nginx: string; burst: number },
  pausesMs: readonly number[],
  onFinished: (clean: () => Promise<void>) => void,
) {
  const port = await findFreePort();
  let logFile = '';
  const nginx = await startRealProxy('nginx', port, (folder) => {
    logFile = join(folder, 'log');
    mkdirSync(join(folder, 'temporary'));
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/temporary/${name};`,
    );
    return `daemon off; pid ${folder}/pid; worker_processes 1; events {}
http { ${paths.join(' ')}
  limit_req_zone $binary_remote_addr zone=sessions:1m rate=${limits.nginx};
  log_format times '$msec $status'; access_log ${logFile} times;
  server { listen 127.0.0.1:${port}; 
    location = / { limit_req zone=sessions${limits.burst > 0 ? ` burst=${limits.burst} nodelay` : ''}; limit_req_status 429; try_files /none @passed; }
    location @passed { return 204; } } }`;
  });
  onFinished(nginx.stop);
  for (const ms of pausesMs) {
    if (ms > 0) await pause(ms);
    await new Promise<void>((resolve, reject) => {
      request({ port, host: '127.0.0.1', path: '/' }, (answer) => {
        answer.resume().once('end', resolve);
      })
        .once('error', reject)
        .end();
    });
  }
  const lines = await eventually('nginx has logged all of it', 5_000, async () => {
    const logged = (await readFile(logFile, 'utf8')).trimEnd().split('\n');
    return logged.length === pausesMs.length && logged;
  });
  return lines.map((line) => {
    const [at = '', status] = line.split(' ');
    return { at: Math.round(Number(at) * 1000) * 1000, passed: status === '204' };
  });
}

const atOnce = Array.from({ length: 30 }, () => 0);
const perMinute = 60;

describe.skipIf(!hasProxy('nginx')).concurrent('nginx’s limit_req with nodelay (nginx is needed)', () => {
  test.for([
    { nginx: '10r/m', count: 10, perSeconds: perMinute, burst: 5 },
    { nginx: '1r/m', count: 1, perSeconds: perMinute, burst: 0 },
    { nginx: '6r/m', count: 6, perSeconds: perMinute, burst: 20 },
  ])('30 requests at once, $nginx with burst $burst: as many pass as in nginx', async (rate, context) => {
    const seen = await askNginx(rate, atOnce, context.onTestFinished);
    context.expect(seen.filter(({ passed }) => passed)).toHaveLength(replay(seen, rate).length);
    context.expect(replay(seen, rate).length).toBeGreaterThanOrEqual(rate.burst + 1);
  });

  test.for([
    { nginx: '5r/s', count: 5, perSeconds: 1, burst: 3 },
    { nginx: '10r/s', count: 10, perSeconds: 1, burst: 0 },
    { nginx: '240r/m', count: 240, perSeconds: perMinute, burst: 1 },
  ])(
    '60 requests at random times, $nginx with burst $burst: the same requests pass as in nginx',
    async (rate, context) => {
      const random = createRandom(seed);
      const pauses = Array.from({ length: 60 }, () => random.pick([0, 0, 20, 60, 130, 260, 420]));
      const seen = await askNginx(rate, pauses, context.onTestFinished);
      const bucket = createBucket(rate);
      let emptyAt = 0;
      for (const { at, passed } of seen) {
        const { wait } = pour(emptyAt, at, bucket);
        const room = bucket.capacity - bucket.cost - Math.max(emptyAt - at, 0);
        // The log of nginx has the end time of a request: within a few ms of the limit nginx may decide differently.
        if (Math.abs(room) > 10_000) context.expect({ at, passed }).toEqual({ at, passed: wait === 0 });
        if (passed) emptyAt = Math.max(emptyAt, at) + bucket.cost;
      }
      context.expect(seen.filter(({ passed }) => !passed).length).toBeGreaterThan(3);
    },
  );
});

/** The requests that pass the relay's bucket, at the times in nginx's log. */
function replay(seen: readonly { at: number }[], rate: { count: number; perSeconds: number; burst: number }) {
  const bucket = createBucket(rate);
  let emptyAt = 0;
  return seen.filter(({ at }) => {
    const poured = pour(emptyAt, at, bucket);
    emptyAt = poured.emptyAt;
    return poured.wait === 0;
  });
}
