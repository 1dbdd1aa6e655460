import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRandom } from '../harness/random.ts';
import { openRaw } from '../harness/raw-connection.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { seed } from '../harness/seed.ts';
import { mutateRequest, type PlainRequest, type WireRequest } from './mutate-request.ts';
import { startRemoteFor } from './rig.ts';
import { forTest } from '../harness/for-test.ts';

// A hundred thousand slightly wrong requests: the relay must not crash, hang or leak memory.

const requestCount = Number(process.env.REMOTIFY_TEST_REQUESTS ?? 100_000);
/** Number of parallel connections, and of pipelined requests on each. */
const connectionCount = 32;
const pipelined = 20;
/** The relay may wait for the rest of a truncated request: the test gives up a connection after this time without an answer. */
const quietMs = 20;
/** Later polls evict held ones (`--max-held-polls`); the last ones are held for 25 s. Anything longer is a hang. */
const hangMs = 40_000;

type Scene = { key: string; listener_key: string };

async function call(relay: Relay, path: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(relay.url + path, init);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

const listenerId = 'a-mutated-listener';

/** A session with a cancelled command, a running one with stdin, a queued one, and one in the slot. */
async function makeScene(relay: Relay): Promise<Scene> {
  const scene = (await (await call(relay, '/api/session', { method: 'POST' })).json()) as Scene;
  const own = `/api/session/${scene.key}`;
  const push = (query: string, body: string) =>
    call(relay, `${own}/commands${query}`, { method: 'POST', body });
  const headers = {
    authorization: `Bearer ${scene.listener_key}`,
    'remotify-listener': listenerId,
    'remotify-mode': 'auto',
  };
  await push('', 'echo dropped');
  await call(relay, `${own}/commands/c1`, { method: 'DELETE' });
  await push('?stdin=1', 'cat');
  await call(relay, '/api/session/self/next?wait=0', { headers });
  const post = { method: 'POST', headers, body: 'some output\n' };
  await call(relay, '/api/session/self/commands/c2/output?stream=stdout&offset=0', post);
  await push('', 'echo waits');
  await call(relay, `/cmd-${scene.key}`, { method: 'POST', body: 'echo slot' });
  return scene;
}

/** A valid request for every route and method. */
function listValid({ key, listener_key: listenerKey }: Scene): PlainRequest[] {
  const host: [string, string] = ['Host', '127.0.0.1'];
  const make = (
    method: string,
    path: string,
    query: PlainRequest['query'] = [],
    body = '',
    headers: PlainRequest['headers'] = [],
  ): PlainRequest => ({ method, path, query, headers: [host, ...headers], body: Buffer.from(body) });
  const own = `/api/session/${key}`;
  const asListener = (method: string, path: string, query: PlainRequest['query'] = [], body = '') =>
    make(method, `/api/session/self${path}`, query, body, [
      ['Authorization', `Bearer ${listenerKey}`],
      ['Remotify-Listener', listenerId],
      ['Remotify-Host', 'desk'],
      ['Remotify-User', 'ann'],
      ['Remotify-Mode', 'auto'],
    ]);
  const noWait: PlainRequest['query'] = [['nowait', '1']];
  const running = '/commands/c2';
  return [
    make('GET', '/'),
    make('GET', '/landing.css'),
    make('GET', '/landing.js'),
    make('GET', '/api/health'),
    make('POST', '/api/session'),
    make('GET', own),
    make('DELETE', `/api/session/${'0'.repeat(32)}`),
    make('GET', `${own}/status`, [
      ['after', '1'],
      ['wait', '0'],
    ]),
    make('POST', `${own}/reset`),
    make('GET', `/cmd-${key}`, noWait),
    make('POST', `/cmd-${key}`, [], 'echo one'),
    make('DELETE', `/cmd-${key}`),
    make('GET', `/result-${key}`, noWait),
    make('POST', `/result-${key}`, [], 'a result\n'),
    make('DELETE', `/result-${key}`),
    make('GET', `/r/${listenerKey}`, [['mode', 'auto']]),
    make('GET', `${own}/commands`),
    make(
      'POST',
      `${own}/commands`,
      [
        ['merge', '1'],
        ['stdin', '1'],
        ['timeout', '5'],
        ['expires', '60'],
      ],
      'echo two',
      [
        ['Idempotency-Key', 'once'],
        ['Remotify-Client', 'ann@desk,remotify/0.1.0'],
      ],
    ),
    make('GET', `${own}${running}`, [
      ['state', 'queued'],
      ['wait', '0'],
    ]),
    make('DELETE', `${own}/commands/c3`, [['signal', 'TERM']]),
    make('GET', `${own}${running}/output`, [
      ['stream', 'stdout'],
      ['offset', '0'],
      ['wait', '0'],
    ]),
    make('GET', `${own}${running}/output`, [
      ['stdout', '3'],
      ['stderr', '0'],
      ['state', 'queued'],
    ]),
    make(
      'PUT',
      `${own}${running}/stdin`,
      [
        ['offset', '0'],
        ['end', '0'],
      ],
      'input\n',
    ),
    asListener('GET', '/next', [
      ['wait', '0'],
      ['had', 'c2'],
    ]),
    asListener('POST', '/leave'),
    asListener('POST', `${running}/start`),
    asListener('POST', `${running}/decline`, [], 'not today'),
    asListener('GET', `${running}/control`, [
      ['seen', '0'],
      ['wait', '0'],
    ]),
    asListener('GET', `${running}/stdin`, [
      ['offset', '0'],
      ['wait', '0'],
    ]),
    asListener(
      'POST',
      `${running}/output`,
      [
        ['stream', 'stdout'],
        ['offset', '12'],
      ],
      'more output\n',
    ),
    asListener(
      'POST',
      `${running}/finish`,
      [
        ['exit_status', '0'],
        ['stdout_offset', '12'],
        ['stdout_bytes', '4'],
        ['stderr_offset', '0'],
        ['stderr_bytes', '0'],
      ],
      'end\n',
    ),
  ];
}

type Case = WireRequest & { nth: number };

/** Number of answers by status; `none` where the connection was closed or silent. */
type Tally = Map<string, number>;

function describeCase({ nth, bytes }: Case): string {
  return `request ${nth} of seed ${seed}: ${JSON.stringify(bytes.toString('latin1').slice(0, 2_000))}`;
}

const good = 'GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** Sends the cases on one connection after a valid request; returns those left unsent or unanswered when the relay closed it. */
async function sendBatch(relay: Relay, cases: readonly Case[], tally: Tally): Promise<readonly Case[]> {
  const count = (status: string) => tally.set(status, (tally.get(status) ?? 0) + 1);
  const judge = (one: Case, status: number) => {
    count(String(status));
    if (status >= 500 && status !== 503 && status !== 507)
      throw new Error(`${status} for ${describeCase(one)}`);
  };
  const connection = await openRaw(relay);
  try {
    const broken = cases.findIndex(({ isWhole }) => !isWhole);
    const whole = broken === -1 ? cases : cases.slice(0, broken);
    connection.send(Buffer.concat([Buffer.from(good), ...whole.map(({ bytes }) => bytes)]));
    const { status } = await connection.next({ deadlineMs: hangMs });
    if (status !== 200) throw new Error(`the valid request got ${status}`);
    for (const [at, one] of cases.entries()) {
      if (!one.isWhole) {
        connection.send(one.bytes);
        await Promise.race([connection.closed, pause(quietMs)]);
        const answers = [
          ...connection
            .rest()
            .toString('latin1')
            .matchAll(/HTTP\/1\.1 (\d{3}) /g),
        ];
        for (const [, seen] of answers) judge(one, Number(seen));
        if (answers.length === 0) count('none');
        return cases.slice(at + 1);
      }
      try {
        let answer = await connection.next({ isHead: one.isHead, deadlineMs: hangMs });
        while (answer.status < 200)
          answer = await connection.next({ isHead: one.isHead, deadlineMs: hangMs });
        judge(one, answer.status);
        if (answer.headers['connection'] === 'close') return cases.slice(at + 1);
      } catch (error) {
        if (!connection.isClosed())
          throw new Error(`${String(error)}: ${describeCase(one)}`, { cause: error });
        count('none');
        return cases.slice(at + 1);
      }
    }
    return [];
  } finally {
    connection.destroy();
  }
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** Number of requests for one session. */
const casesPerScene = 400;

test(`${requestCount} mutated requests: the relay does not crash or hang, answers no 5xx except for storage, and leaks no memory`, {
  timeout: 900_000,
}, async () => {
  const relay = await forTest(
    startRelay({
      flags: ['--session-ttl', '20s', '--max-held-polls', '8', '--max-sessions-per-address', '0'],
      env: { LONGPOLL_MS: '20' },
    }),
  );
  const tally: Tally = new Map();
  let next = 0;
  let warmMib = 0;
  const work = async () => {
    while (next < requestCount) {
      const valid = listValid(await makeScene(relay));
      for (let round = 0; round < casesPerScene / pipelined && next < requestCount; round += 1) {
        let left: readonly Case[] = Array.from({ length: Math.min(pipelined, requestCount - next) }, () => {
          const nth = next;
          next += 1;
          // Seeded by its number, so that a request is the same for every session.
          const random = createRandom(seed + Math.imul(nth, 0x9e3779b1));
          return { ...mutateRequest(random.pick(valid), random), nth };
        });
        while (left.length > 0) left = await sendBatch(relay, left, tally);
      }
      if (warmMib === 0 && next > requestCount / 5) warmMib = await residentMib(relay.pid);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: connectionCount }, work));
  const perSecond = Math.round(requestCount / ((performance.now() - began) / 1000));
  const endMib = await residentMib(relay.pid);
  const seen = JSON.stringify(
    Object.fromEntries([...tally].toSorted(([one], [other]) => Number(one) - Number(other))),
  );
  console.log(
    `${perSecond}/s, ${Math.round(warmMib)} MiB warm, ${Math.round(endMib)} MiB at the end, ${seen}`,
  );

  expect(endMib - warmMib, 'MiB of memory more than after the first fifth').toBeLessThan(150);
  expect(tally.get('200') ?? 0).toBeGreaterThan(requestCount / 20);
  expect(relay.stderr().length).toBeLessThan(4_000);
  expect(relay.stderr()).not.toMatch(/[0-9a-f]{32}|^\s+at |internal/m);

  // The same process serves a real listener.
  const remote = await startRemoteFor(relay);
  const { text, exitCode } = await remote.run(['exec', 'echo still here; exit 7']);
  expect({ text, exitCode }).toEqual({ text: 'still here\n', exitCode: 7 });
  expect(process.kill(relay.pid, 0)).toBe(true);
});
