import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { untilPassed } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { isBehindProxy } from '../harness/shared-relays.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const kib = 1024;
const mib = 1024 * kib;

const relay = useRelay({ flags: ['--max-body-size', '1k'] });

const gzipHeader = ['-H', 'Content-Encoding: gzip'];
const chunked = ['-H', 'Transfer-Encoding: chunked'];
const nothing = { cmd_queued: false, result_queued: false };

async function expectHealth(of: Relay) {
  expect((await curl([`${of.url}/api/health`])).json()).toEqual({ ok: true, service: 'remotify.run' });
}

const slots: [string, (session: SlotSession) => SlotSession['push']][] = [
  ['POST /cmd-KEY', (session) => session.push],
  ['POST /result-KEY', (session) => session.answer],
];

describe.each(slots)('%s', (_route, slot) => {
  test.each([
    ['with its length', []],
    ['in chunks', chunked],
  ])('body of exactly the limit: 201: %s', async (_title, curlArgs) => {
    const session = await makeSession(relay);
    expect((await slot(session)('x'.repeat(kib), ...curlArgs)).status).toBe(201);
  });

  test.each([
    ['one byte, with its length', kib + 1, []],
    ['one byte, in chunks', kib + 1, chunked],
    // The proxy answers 100 Continue by itself.
    ...(isBehindProxy
      ? []
      : ([
          ['4 MiB, with its length', 4 * mib, []],
          ['4 MiB, in chunks', 4 * mib, chunked],
        ] as [string, number, string[]][])),
  ])('body over the limit: 413, nothing is stored: %s', async (_title, size, curlArgs) => {
    const session = await makeSession(relay);
    const refused = await slot(session)('x'.repeat(size), ...curlArgs);
    expect(refused.status).toBe(413);
    expect(refused.headers['cache-control']).toMatch(/no-store/);
    expect(await session.status()).toMatchObject(nothing);
  });

  test('gzip that decodes to three times the limit: 201', async () => {
    const session = await makeSession(relay);
    expect((await slot(session)(gzipSync('x'.repeat(3 * kib)), ...gzipHeader)).status).toBe(201);
  });

  test.each([
    ['one byte', 3 * kib + 1],
    ['300 times the limit', 300 * kib],
  ])('gzip of more than three times the limit: 413, nothing is stored: %s', async (_title, size) => {
    const session = await makeSession(relay);
    const bomb = gzipSync('x'.repeat(size));
    expect(bomb.length).toBeLessThan(kib);
    expect((await slot(session)(bomb, ...gzipHeader)).status).toBe(413);
    expect(await session.status()).toMatchObject(nothing);
  });
});

test('two bodies over the limit: the relay and the session still work', async () => {
  const session = await makeSession(relay);
  await session.push('x'.repeat(2 * kib));
  await session.answer(gzipSync('x'.repeat(4 * kib)), ...gzipHeader);
  await expectHealth(relay);
  expect((await session.push('echo one')).status).toBe(201);
  expect((await session.take()).text).toBe('echo one');
});

// The proxy answers 100 Continue by itself, and closes the connection by its own rules.
test.skipIf(isBehindProxy)(
  'chunked upload refused halfway: 413, and the relay still works after it has closed the connection',
  async () => {
    const session = await makeSession(relay);
    for (const url of [session.urls.cmd, session.urls.result, `${session.urls.api}/commands`]) {
      const refused = await curl([url, '--data-binary', '@-', ...chunked], { stdin: 'x'.repeat(4 * mib) });
      expect(refused.status, url).toBe(413);
    }
    // The relay reads for two more seconds, so that the client sees the refusal, and then closes the connection.
    await untilPassed('the time of a refused sender is over', 2_500);
    await expectHealth(relay);
  },
);

// VmHWM is the peak memory of a process. Linux only.
test.skipIf(!existsSync('/proc/self/status'))('gzip bomb of 256 MiB: memory stays low', async () => {
  const own = await forTest(startRelay({ flags: ['--max-body-size', '1m'] }));
  const session = await makeSession(own);
  const peakBytes = async () => {
    const status = await readFile(`/proc/${own.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * kib;
  };
  const bomb = gzipSync(Buffer.alloc(256 * mib));
  expect(bomb.length).toBeLessThan(mib);
  const before = await peakBytes();
  for (let round = 0; round < 3; round += 1) {
    expect((await session.answer(bomb, ...gzipHeader)).status).toBe(413);
  }
  expect((await peakBytes()) - before).toBeLessThan(128 * mib);
  await expectHealth(own);
});
