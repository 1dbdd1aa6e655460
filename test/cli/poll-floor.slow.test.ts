import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, untilPassed } from '../harness/deadline.ts';
import { passOn } from '../harness/pass-on.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// A relay that answers every poll immediately, without news. The tests limit the number of requests: a slow machine makes fewer.

const relay = useRelay();

/** A client behind a proxy that turns every long poll into a short one. */
async function setUp() {
  const asked: string[] = [];
  const server = createServer((incoming, answer) => {
    const url = new URL(incoming.url ?? '/', relay.url);
    asked.push(`${incoming.method} ${url.pathname}`);
    url.searchParams.set('wait', '0');
    url.searchParams.set('nowait', '1');
    incoming.url = url.pathname + url.search;
    passOn(incoming, answer, relay.port);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const client = await forTest(
    makeClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
  );
  return { client, asked };
}

test.each([
  ['exec', ['exec', '-w', '60', 'true'], /GET .*\/output$/],
  ['new --wait', ['new', '--wait', '60'], /GET .*\/status$/],
  ['status --watch', ['status', '--watch'], /GET .*\/status$/],
  ['logs -f', ['logs', '-f'], /GET .*\/output$/],
])('%s, long polls that return immediately: at most 12 requests in 2 s', async (_title, args, poll) => {
  const { client, asked } = await setUp();
  await client.makeSession();
  if (args[0] === 'logs') await client.run(['exec', '-d', 'true']);
  const polls = () => asked.filter((line) => poll.test(line)).length;
  const running = client.start(args);
  onTestFinished(() => void running.child.kill('SIGKILL'));
  await eventually('the command polls', 15_000, () => polls() >= 1);
  const before = polls();
  await untilPassed('two seconds', 2_000);
  expect(running.isRunning()).toBe(true);
  expect(polls() - before).toBeLessThanOrEqual(12);
  await eventually('the command continues to poll', 15_000, () => polls() >= before + 3);
});
