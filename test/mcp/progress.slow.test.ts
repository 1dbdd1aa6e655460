import { expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote, startSupervised } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux } from '../harness/tmux.ts';
import { startMcpHost } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';
import { question } from '../harness/prompts.ts';

type Message = { message: string; progress: number };

async function setUpRelay() {
  const relay = await forTest(startRelay());
  return relay;
}

function collect() {
  const messages: Message[] = [];
  return {
    messages,
    onProgress: (message: string, progress: number) => void messages.push({ message, progress }),
    saw: (pattern: RegExp) => () => messages.some(({ message }) => pattern.test(message)),
  };
}

function expectGrowing(messages: readonly Message[]): void {
  const values = messages.map(({ progress }) => progress);
  expect(values.length).toBeGreaterThan(0);
  expect(values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0))).toBe(true);
}

test('progress of a running command: duration, size of the output, and the new output', async () => {
  const relay = await setUpRelay();
  const remote = await forTest(startRemote(relay));
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  const { messages, onProgress, saw } = collect();
  const call = host.exec('echo step; sleep 300', {}, { onProgress });
  await eventually('progress of a run', 20_000, saw(/^running for \d+ s, 5 B of output so far/));
  expect(messages.map(({ message }) => message).join('\n')).toContain('\nstdout: step\n');
  const second = collect();
  const waiting = host.exec('true', {}, { onProgress: second.onProgress });
  await eventually('progress of the queue', 20_000, second.saw(/^c2 is queued, \d+ s$/));
  await host.call('remote_cancel', {});
  await Promise.all([call, waiting]);
  expectGrowing(messages);
});

test('progress of a wait for output: command, stream, offset and duration', async () => {
  const relay = await setUpRelay();
  const remote = await forTest(startRemote(relay));
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  const { data } = await host.exec('echo step; sleep 300', { wait_seconds: 1 });
  const { messages, onProgress, saw } = collect();
  const input = { id: data.id, offset: 5, wait_seconds: 50 };
  const call = host.call('remote_output', input, { onProgress });
  await eventually(
    'progress',
    20_000,
    saw(new RegExp(`^waiting for stdout of ${data.id} beyond byte 5, [1-9] s$`)),
  );
  await host.call('remote_cancel', {});
  expect((await call).data.complete).toBe(true);
  expectGrowing(messages);
});

test('no listener, and the line was shown before: the next call waits for a listener and reports it as progress', async () => {
  const relay = await setUpRelay();
  const folder = await forTest(makeTemporaryFolder());
  const host = await forTest(startMcpHost(folder.path, { REMOTIFY_URL: relay.url }));
  const { data } = await host.exec('echo done');
  const { messages, onProgress, saw } = collect();
  const call = host.exec('echo done', {}, { onProgress });
  await eventually('progress without a listener', 20_000, saw(/^waiting for a listener, \d+ s$/));
  await forTest(startListener(data.paste?.auto ?? ''));
  expect((await call).data).toMatchObject({ id: data.id, state: 'finished' });
  expectGrowing(messages);
});

test.skipIf(!hasTmux)(
  'progress while the operator has not answered: "waiting for the operator", and the duration (needs tmux)',
  async () => {
    const relay = await setUpRelay();
    const remote = await forTest(startSupervised(relay));
    const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
    const { onProgress, saw } = collect();
    const call = host.exec('true', {}, { onProgress });
    await eventually(
      'progress at the question',
      20_000,
      saw(/^waiting for the operator to approve c1, \d+ s$/),
    );
    await remote.terminal.waitForText(question, 10_000);
    await remote.terminal.type('n\n');
    expect((await call).data.state).toBe('declined');
  },
);
