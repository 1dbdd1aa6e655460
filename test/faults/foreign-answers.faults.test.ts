import { expect, test } from 'vitest';
import type { FaultRules, ProxiedRequest } from '../harness/fault-proxy.ts';
import { makeLedger, waitForEnd, startBehindProxy, startFor, startRemoteFor } from './rig.ts';

const timeout = 90_000;

/** Middleboxes between a host and a relay, and the response that each sends once instead of the relay. */
const strangers = [
  { who: 'a sign-in page', status: 200, body: '<!DOCTYPE html>\n<p>Sign in</p>\n' },
  { who: 'a redirect', status: 302, body: '<a href="https://login.example/">Found</a>\n' },
  { who: 'a firewall', status: 403, body: '<h1>403 Forbidden</h1>\n' },
  { who: 'a proxy that lost its way', status: 404, body: '<h1>404 Not Found</h1>\n' },
  { who: 'a proxy with a smaller limit', status: 413, body: '<h1>413 Request Entity Too Large</h1>\n' },
  { who: 'a proxy without a relay', status: 502, body: '<h1>502 Bad Gateway</h1>\n' },
];

async function expectOnce(rules: FaultRules, args: string[] = []): Promise<void> {
  const { proxy, url } = await startBehindProxy();
  const ledger = await makeLedger();
  const remote = await startRemoteFor({ url }, { L: ledger.path });
  proxy.setRules(rules);
  const exec = startFor(remote, ['exec', ...args, 'echo one; echo one >>$L']);
  const { code, text } = await waitForEnd(exec, 'exec ends');
  // The end of the next command shows that the listener has finished the first one.
  const next = await waitForEnd(startFor(remote, ['exec', 'echo two >>$L']), 'the next command ends');
  expect(await ledger.lines()).toEqual(['one', 'two']);
  expect([code, next.code]).toEqual([0, 0]);
  if (args.includes('--json')) expect(JSON.parse(text)).toMatchObject({ state: 'finished', stdout: 'one\n' });
  else expect(text).toBe('one\n');
}

type Stand = { status: number; body: string } | 'swallow';

/** The first `times` requests of this kind get a canned answer, or lose their answers (`swallow`). */
function first(times: number, verb: string, stand: Stand): FaultRules {
  let left = times;
  const isOne = (request: ProxiedRequest) => request.verb === verb && left-- > 0;
  return stand === 'swallow'
    ? { onAnswer: (request) => (isOne(request) ? { fault: stand } : undefined) }
    : { onRequest: (request) => (isOne(request) ? { fault: 'canned', ...stand } : undefined) };
}

test.each(strangers)(
  'the listener sends the result, and $who answers instead of the relay: the command runs once, its result arrives',
  {
    timeout,
  },
  (stand) => expectOnce(first(1, 'finish', stand)),
);

test(
  'a firewall rejects the result three times: the command runs once, its result arrives',
  { timeout },
  () => expectOnce(first(3, 'finish', { status: 403, body: '<h1>403 Forbidden</h1>' })),
);

test.each(strangers)(
  '$who answers the request of exec for output: the command runs once, and logs prints its output',
  {
    timeout,
  },
  async (stand) => {
    const { proxy, url } = await startBehindProxy();
    const ledger = await makeLedger();
    const remote = await startRemoteFor({ url }, { L: ledger.path });
    proxy.setRules(first(1, 'output', stand));
    // exec may end with an error or retry: both are correct.
    await waitForEnd(startFor(remote, ['exec', 'echo one; echo one >>$L']), 'exec ends');
    const { text, exitCode } = await remote.run(['logs', '-f', 'c1']);
    expect([exitCode, text]).toEqual([0, 'one\n']);
    expect(await ledger.lines()).toEqual(['one']);
  },
);

test('the last answer to exec --json is lost: exec prints the report anyway', { timeout }, () =>
  expectOnce(first(1, 'c1', 'swallow'), ['--json']),
);

test('the answer to the result is lost: output of a background process is not added to the result', {
  timeout,
}, async () => {
  const { proxy, url } = await startBehindProxy();
  const ledger = await makeLedger();
  const remote = await startRemoteFor({ url }, { L: ledger.path });
  proxy.setRules(first(1, 'finish', 'swallow'));
  // The background process ends by itself, so that it does not outlive the test for long.
  const script = 'echo one; (for i in $(seq 100); do echo late; sleep 0.1; done; echo over >>$L) & exit 0';
  const exec = await waitForEnd(startFor(remote, ['exec', script]), 'exec ends');
  await waitForEnd(startFor(remote, ['exec', 'echo two']), 'the next command ends');
  const { text } = await remote.run(['logs', 'c1']);
  expect(text).toBe(exec.text);
});
