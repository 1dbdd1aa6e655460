import { describe, expect, onTestFinished, test } from 'vitest';
import { readSession, waitForState } from '../harness/remote.ts';
import { hasTmux } from '../harness/tmux.ts';
import { codeOf, openOperator, type Operator } from '../stopping/operator.ts';
import { useRelay } from '../harness/use-relay.ts';

// `shown_at` of a command: when the listener asked its operator, also for clients that connect later.

const relay = useRelay();

type View = { id: string; state: string; pushed_at: number; shown_at: number | null; started_at: number };

async function read<T>({ configDir }: Operator, path: string): Promise<T> {
  const { url, key } = await readSession(configDir);
  return (await (await fetch(`${url}/api/session/${key}${path}`)).json()) as T;
}

describe.skipIf(!hasTmux)('a supervised listener (needs tmux)', () => {
  test('shown_at is the time of the question, before and after the answer; null for the queued command', async () => {
    const operator = await openOperator(relay);
    const exec = operator.push();
    await operator.waitForQuestion();
    const next = operator.push();
    onTestFinished(() => void next.child.kill('SIGKILL'));
    await waitForState(operator, 'the next command is queued', (state) => state.queue_length === 1);
    const { commands } = await read<{ commands: View[] }>(operator, '/commands');
    const { now } = await read<{ now: number }>(operator, '/status');
    expect(commands).toMatchObject([
      { id: 'c1', state: 'awaiting_approval', shown_at: expect.any(Number) },
      { id: 'c2', state: 'queued', shown_at: null },
    ]);
    const shownAt = commands[0]?.shown_at;
    expect(shownAt).toBeGreaterThanOrEqual(commands[0]?.pushed_at ?? Infinity);
    expect(shownAt).toBeLessThanOrEqual(now);
    await operator.terminal.type('y\n');
    expect(await codeOf(exec, 'exec ends')).toBe(0);
    const ended = await read<View>(operator, '/commands/c1');
    expect(ended).toMatchObject({ state: 'finished', shown_at: shownAt });
    expect(ended.started_at).toBeGreaterThanOrEqual(ended.shown_at ?? Infinity);
  });
});
