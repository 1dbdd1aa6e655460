import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { type ProxiedAnswer, startFaultProxy } from '../harness/fault-proxy.ts';
import { type Remote } from '../harness/remote.ts';
import { expectFailure } from './expect-failure.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';
import { forFile } from '../harness/for-file.ts';

// A relay that sends invalid numbers: the client must not report a failed command as a success.

const relay = useRelay();
const remote = useRemote(relay);
const proxy = forFile('the proxy', startFaultProxy);
beforeAll(() => proxy.aim(relay));

/** The same answer, with one header changed. */
function withHeader({ status, rawHeaders, body }: ProxiedAnswer, name: string, value: string) {
  const headers = Object.fromEntries(
    rawHeaders.flatMap((word, at) => (at % 2 === 0 ? [[word.toLowerCase(), rawHeaders[at + 1] ?? '']] : [])),
  );
  return { fault: 'canned' as const, status, body, headers: { ...headers, [name]: value } };
}

/** Runs a command through the proxy. The rules of the proxy are removed after the test. */
function pass(...args: string[]): ReturnType<Remote['run']> {
  onTestFinished(() => proxy.setRules({}));
  return remote.run(['--url', proxy.url, ...args]);
}

test('a valid exit status: passed through', async () => {
  expect(await pass('exec', 'false')).toMatchObject({ exitCode: 1, stderr: '' });
});

test.each(['256', '999', '4294967296', '-1', '1.5', '1e3', '0x1', ' ', 'none'])(
  'exec, Remotify-Exit-Status: %s: the error is that it is not a relay',
  async (status) => {
    proxy.setRules({
      onAnswer: ({ verb }, answer) =>
        verb === 'output' ? withHeader(answer, 'remotify-exit-status', status) : undefined,
    });
    expectFailure(await pass('exec', 'false'), 255, /is not a relay: its answer is invalid/);
  },
);

test.each(['256', '-1', '1.5', '"0"', 'true', '[0]'])(
  'wait, "exit_status": %s in a list of commands: the error is that it is not a relay',
  async (status) => {
    const { text } = await remote.run(['exec', '-d', 'false']);
    proxy.setRules({
      onAnswer: ({ verb }, { body }) =>
        verb === 'commands'
          ? {
              fault: 'rewrite',
              body: body.toString().replaceAll(/"exit_status": [^,]+/g, `"exit_status": ${status}`),
            }
          : undefined,
    });
    expectFailure(await pass('wait', text.trim()), 255, /is not a relay/);
  },
);
