import { expect, test } from 'vitest';
import { startCountingProxy } from '../harness/counting-proxy.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';

test('a short command: at most three requests of the client, and three of the listener', async () => {
  const relay = await forTest(startRelay());
  const proxy = await forTest(startCountingProxy(relay));
  const remote = await forTest(startRemote(proxy));
  const count = () => ({
    push: proxy.answered('/commands?'),
    read: proxy.answered('/output?stdout='),
    look: proxy.answered('/next?'),
    upload: proxy.answered('/output?stream='),
    finish: proxy.answered('/finish?'),
    all: proxy.answered('/'),
  });
  expect((await remote.run(['exec', 'echo warm'])).text).toBe('warm\n');
  const before = count();

  expect((await remote.run(['exec', 'echo once'])).text).toBe('once\n');

  const after = count();
  const spent = Object.fromEntries(
    Object.entries(after).map(([name, now]) => [name, now - before[name as keyof typeof before]]),
  ) as typeof before;
  // The poll that returned the command was already open before; the next poll has no answer yet.
  expect(spent).toMatchObject({ push: 1, look: 1, finish: 1 });
  expect(spent.push + spent.read).toBeLessThanOrEqual(3);
  expect(spent.look + spent.upload + spent.finish).toBeLessThanOrEqual(3);
  expect(spent.all).toBe(spent.push + spent.read + spent.look + spent.upload + spent.finish);
});
