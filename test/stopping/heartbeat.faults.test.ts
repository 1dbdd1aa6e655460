import { describe, expect, onTestFinished, test } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { type CountingProxy, startCountingProxy } from '../harness/counting-proxy.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { hasTmux, startTerminal, type Terminal } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { question } from '../harness/prompts.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay({ flags: ['--long-poll', '1s'] });

type Prompted = Client & { terminal: Terminal; exec: CapturedProcess; proxy: CountingProxy };

/** A supervised listener behind a proxy, with a question on the screen. */
async function openPrompt(): Promise<Prompted> {
  const proxy = await forTest(startCountingProxy(relay));
  const client = await forTest(makeClient(proxy));
  const terminal = await forTest(startTerminal(await client.makeSession()));
  await waitForState(client, 'the listener is attached', ({ listener }) => listener?.attached === true);
  const exec = client.start(['exec', 'echo approved']);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await terminal.waitForText(question, 10_000);
  return { ...client, terminal, exec, proxy };
}

type Seen = { listener: { attached: boolean; seen_seconds_ago: number } | null; current: string | null };

async function expectAttached({ runJson }: Client): Promise<void> {
  const { listener, current } = await runJson<Seen>('status');
  expect(listener?.attached).toBe(true);
  // A poll of one second, the next one, and delays of a busy machine.
  expect(listener?.seen_seconds_ago).toBeLessThanOrEqual(4);
  expect(current).toBe('c1');
}

async function expectRuns({ terminal, exec }: Prompted): Promise<void> {
  await terminal.type('y\n');
  expect(await withDeadline(exec.closed, 10_000, 'the approved command ends')).toMatchObject({ code: 0 });
  expect(exec.stdout().toString()).toBe('approved\n');
}

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  test('a prompt that is open for longer than a control poll: the listener stays attached', async () => {
    const prompted = await openPrompt();
    const { proxy } = prompted;
    await eventually('six control polls have passed', 20_000, () => proxy.answered('/control') >= 6);
    await expectAttached(prompted);
    await expectRuns(prompted);
    expect(proxy.answered('/start')).toBe(1);
  });

  test.skipIf(!isLong)(
    'a prompt that is open for longer than the silence of a dead listener: the listener stays attached',
    async () => {
      const prompted = await openPrompt();
      await untilPassed('the prompt is older than 45 s', 50_000);
      await expectAttached(prompted);
      await expectRuns(prompted);
    },
    90_000,
  );
});

test('a command that runs for longer than a control poll: the listener stays attached', async () => {
  const proxy = await forTest(startCountingProxy(relay));
  const remote = await forTest(startRemote(proxy));
  const exec = remote.start(['exec', 'sleep 300; :']);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually('six control polls have passed', 20_000, () => proxy.answered('/control') >= 6);
  await expectAttached(remote);
  expect((await remote.run(['cancel'])).text).toBe('c1 stopped\n');
  expect(await withDeadline(exec.closed, 5_000, 'exec ends')).toMatchObject({ code: 143 });
});
