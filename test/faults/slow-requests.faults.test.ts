import { readdir, readFile, readlink } from 'node:fs/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { openRaw, type RawConnection } from '../harness/raw-connection.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';

// Slow peers. The tests use the real limits: 10 s for a request head, 60 s for a body, one to two minutes for a
// reader that reads nothing.

let relay: Relay;
let key = '';
let listenerKey = '';
beforeAll(async () => {
  relay = await startRelay();
  const made = await fetch(`${relay.url}/api/session`, { method: 'POST' });
  ({ key, listener_key: listenerKey } = (await made.json()) as { key: string; listener_key: string });
  return relay.stop;
});

const mib = 1024 * 1024;

async function residentMib(): Promise<number> {
  const status = await readFile(`/proc/${relay.pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

async function open(): Promise<RawConnection> {
  const connection = await openRaw(relay);
  onTestFinished(connection.destroy);
  return connection;
}

/** Sends the text byte by byte, one every half second, until the relay closes the connection; returns how long that took in ms. */
async function dribble(connection: RawConnection, text: string, deadlineMs: number): Promise<number> {
  const began = performance.now();
  let at = 0;
  const timer = setInterval(() => {
    if (!connection.isClosed()) connection.send(text[at % text.length] ?? 'x');
    at += 1;
  }, 500);
  try {
    await withDeadline(connection.closed, deadlineMs, 'the relay closes it');
  } finally {
    clearInterval(timer);
  }
  return performance.now() - began;
}

describe.concurrent('the relay closes a slow connection', () => {
  test.for([
    ['an idle connection', ''],
    ['an unfinished request line', 'GET /'],
    ['unfinished headers', 'GET /api/health HTTP/1.1\r\nHost: localhost\r\nX: '],
  ] as const)(
    '%s: the relay answers 408 after 10 s',
    { timeout: 30_000 },
    async ([, begin], { expect: expectIt }) => {
      const connection = await openRaw(relay);
      if (begin !== '') connection.send(begin);
      // The idle connection sends nothing.
      const ended =
        begin === ''
          ? withDeadline(connection.closed, 20_000, 'the relay closes it').then(() => 10_000)
          : dribble(connection, 'x', 20_000);
      expectIt(await ended).toBeGreaterThan(9_000);
      expectIt(connection.rest().toString('latin1')).toMatch(/^HTTP\/1\.1 408 /);
      connection.destroy();
    },
  );

  test('an unfinished body: the relay answers 408 after 60 s', { timeout: 90_000 }, async ({
    expect: expectIt,
  }) => {
    const connection = await openRaw(relay);
    connection.send(`POST /result-${key} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n`);
    expectIt(await dribble(connection, 'x', 80_000)).toBeGreaterThan(55_000);
    expectIt(connection.rest().toString('latin1')).toMatch(/^HTTP\/1\.1 408 /);
    connection.destroy();
    const status = await fetch(`${relay.url}/api/session/${key}/status`);
    expectIt(await status.json()).toMatchObject({ result_queued: false });
  });

  test('forty readers that read nothing of a large output: closed within two minutes, with little memory', {
    timeout: 180_000,
  }, async ({ expect: expectIt }) => {
    const headers = {
      authorization: `Bearer ${listenerKey}`,
      'remotify-listener': 'a-slow-listener',
      'remotify-mode': 'auto',
    };
    await fetch(`${relay.url}/api/session/${key}/commands`, { method: 'POST', body: 'echo large' });
    await fetch(`${relay.url}/api/session/self/next?wait=0`, { headers });
    const body = Buffer.alloc(mib, 'y');
    for (let offset = 0; offset < 20 * mib; offset += mib) {
      const path = `/api/session/self/commands/c1/output?stream=stdout&offset=${offset}`;
      const sent = await fetch(relay.url + path, { method: 'POST', headers, body });
      expectIt(sent.status).toBe(200);
    }
    const before = await residentMib();
    const connections = await Promise.all(Array.from({ length: 40 }, () => openRaw(relay)));
    const ask = `GET /api/session/${key}/commands/c1/output?stream=stdout HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    for (const connection of connections) {
      connection.pause();
      // Pipelined: the relay reads only the first answer from the store.
      connection.send(ask.repeat(50));
    }
    await untilPassed('the relay has filled the buffers of the system', 3_000);
    const grown = (await residentMib()) - before;
    console.log(`forty stalled readers: ${Math.round(grown)} MiB more`);
    expectIt(grown).toBeLessThan(150);
    await eventually(
      'all of them are closed',
      140_000,
      async () => (await countSockets(relay.pid)) < 20,
      1_000,
    );
    for (const connection of connections) connection.destroy();
    expectIt((await fetch(`${relay.url}/api/health`)).status).toBe(200);
  });

  test('bytes that are not HTTP: the connection is closed at once, also when the sender keeps its side open', {
    timeout: 30_000,
  }, async () => {
    const connections = await Promise.all(Array.from({ length: 100 }, () => openRaw(relay)));
    for (const connection of connections) connection.send('nonsense\r\n\r\n');
    await Promise.all(connections.map(({ closed }) => withDeadline(closed, 10_000, 'the relay closes it')));
    for (const connection of connections) connection.destroy();
  });
});

/** Counts the open sockets of a process. */
async function countSockets(pid: number): Promise<number> {
  const names = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith('socket:')).length;
}

test('a reader that pauses again and again: it gets the complete answer', { timeout: 60_000 }, async () => {
  const body = Buffer.alloc(20 * mib, 'slow');
  await fetch(`${relay.url}/result-${key}`, { method: 'POST', body });
  const connection = await open();
  connection.send(`GET /result-${key} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  for (let round = 0; round < 8; round += 1) {
    connection.pause();
    await untilPassed('the reader pauses', 1_000);
    connection.resume();
    await fetch(`${relay.url}/api/health`);
  }
  const answer = await connection.next({ deadlineMs: 30_000 });
  expect(answer.status).toBe(200);
  expect(answer.body.equals(body)).toBe(true);
});
