import { once } from 'node:events';
import { createConnection } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BodyBudget } from '../../src/relay/body-budget.ts';
import { curl } from '../harness/curl.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';

const mib = 1024 * 1024;

test('request that is over: its share of the body budget is free again, and it cannot take more', () => {
  const budget = new BodyBudget(mib);
  const gone = budget.openAccount('192.0.2.1');
  gone.take(100 * mib);
  gone.close();
  expect(() => gone.take(1)).toThrow('the body ended early');
  const next = budget.openAccount('192.0.2.1');
  // The whole share of the address is free.
  next.take(256 * mib);
  expect(() => next.take(1)).toThrow('the relay has too many bodies in memory');
  next.close();
  next.close();
  budget.openAccount('192.0.2.1').take(256 * mib);
});

test('24 uploads cut off while the relay decodes them: their memory is free for later uploads', async () => {
  const relay = await forTest(startRelay());
  const session = await makeSession(relay);
  const bomb = gzipSync(Buffer.alloc(74 * mib));
  const { pathname } = new URL(session.urls.cmd);
  for (let nth = 0; nth < 24; nth += 1) {
    const socket = createConnection(relay.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const head = `POST ${pathname} HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.byteLength}\r\n\r\n`;
    await withDeadline(once(socket, 'connect'), 5_000, 'the socket connects');
    await new Promise<void>((resolve) =>
      socket.write(Buffer.concat([Buffer.from(head), bomb]), () => resolve()),
    );
    await untilPassed('the relay is decoding the body', 8 + nth);
    socket.destroy();
  }
  const push = async () =>
    (await curl(['--data-binary', '@-', session.urls.cmd], { stdin: `: ${'x'.repeat(2 * mib)}` })).status;
  await eventually('a push is accepted', 10_000, async () => (await push()) === 201, 200);
});
