import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { openRaw } from '../harness/raw-connection.ts';
import { hasRedis, startRedis, withoutRedis } from '../harness/redis.ts';
import { startRedisProxy } from '../harness/redis-proxy.ts';
import { startRelay } from '../harness/relay-process.ts';
import { curl } from '../harness/curl.ts';
import { makeSession } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';

/** More than the socket buffers of the system hold for a reader that reads nothing. */
const resultBytes = 16 * 1024 * 1024;

describe.skipIf(!hasRedis)(`two relays on one Redis${withoutRedis}`, () => {
  test('a relay whose clock is behind: no reader gets the result there while the other relay sends it', async () => {
    const redis = await forTest(startRedis());
    const proxy = await forTest(startRedisProxy(redis));
    // A relay assumes that the time in the answer of Redis is from the middle between request and answer. So this relay
    // is behind by half of the delay.
    proxy.setFate((command) => (command.some((word) => word.includes('{alive}')) ? 'late' : 'arrives'));
    const ahead = await forTest(startRelay({ store: redis.url }));
    const behind = await forTest(startRelay({ store: proxy.url }));
    const session = await makeSession(ahead);
    const read = () => curl([`${behind.url}/result-${session.key}?nowait=1`]);
    // From here on this relay has the session in memory.
    expect((await read()).status).toBe(204);
    await session.push('echo');
    await session.take();
    await session.answer(Buffer.alloc(resultBytes, 'x'));
    const reader = await openRaw(ahead, { stalls: true });
    onTestFinished(reader.destroy);
    reader.send(`GET /result-${session.key} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    await eventually(
      'the reader has claimed the result',
      10_000,
      async () => !(await session.status()).result_queued,
      5,
    );
    expect((await read()).status).toBe(204);
    reader.resume();
    expect((await reader.next()).body).toHaveLength(resultBytes);
  });
});
