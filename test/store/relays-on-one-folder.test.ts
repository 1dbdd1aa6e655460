import { hostname } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectFailure } from '../cli/expect-failure.ts';
import { binaryPath } from '../harness/binary.ts';
import { type CapturedProcess, spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { canUnshare, container, containerWithNetwork, flood, listSockets, makeFolder } from './claim-kit.ts';
import { forTest } from '../harness/for-test.ts';

// Runs the real binary as two containers with one volume do: each relay is PID 1 and cannot see the processes of the other.

interface Started {
  relay: CapturedProcess;
  /** Resolves with the URL of the relay. */
  url: () => Promise<string>;
  /** Sends SIGKILL and waits for the end of the relay in the container. */
  kill: () => Promise<void>;
}

function serve(wrapper: readonly string[], folder: string, port = 0): Started {
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--json', '--rate-limit', '0'];
  const command = [...wrapper, process.execPath, binaryPath, 'serve', '--store', `file:${folder}/store`];
  const [file = '', ...args] = command.concat(flags);
  const relay = spawnCaptured(file, args, { env: cleanEnvironment(folder) });
  onTestFinished(() => void relay.child.kill('SIGKILL'));
  return {
    relay,
    url: async () => {
      const line = await eventually('the relay prints where it listens, or ends', 10_000, () => {
        const text = relay.stdout().toString('utf8');
        return text.endsWith('\n') || !relay.isRunning() ? text : undefined;
      });
      if (!line.startsWith('{"url"')) throw new Error(`the relay ended: ${relay.stderr()}`);
      return (JSON.parse(line) as { url: string }).url;
    },
    kill: async () => {
      relay.child.kill('SIGKILL');
      // The relay in the container keeps the pipes of `unshare` open until it ends.
      await withDeadline(relay.closed, 10_000, 'the relay ends');
    },
  };
}

async function expectRefused({ relay }: Started, owner: string): Promise<void> {
  const { code } = await withDeadline(relay.closed, 15_000, 'the second relay is refused');
  const result = { exitCode: code, text: relay.stdout().toString('utf8'), stderr: relay.stderr() };
  expectFailure(result, 255, /error: another relay \(pid \d+ on .+\) is already using /);
  expect(relay.stderr()).toContain(`another relay (${owner} on ${hostname()}) is already using `);
}

describe.skipIf(!canUnshare)('relays in separate containers with one store folder', () => {
  test.each([
    ['PID and mount namespaces', container],
    ['PID, mount and network namespaces', containerWithNetwork],
  ])('%s: a second relay is refused, and starts after the first one is killed', async (_name, second) => {
    const folder = await makeFolder();
    const first = serve(container, folder);
    const url = await first.url();
    await expectRefused(serve(second, folder), 'pid 1');
    await expectRefused(serve([], folder), 'pid 1');

    const client = await forTest(makeClient({ url }));
    await client.makeSession('--name', 'kept');
    expect((await client.run(['exec', '-d', 'echo'])).text).toBe('c1\n');
    const before = await client.runJson<{ commands: unknown[] }>('status');
    expect(before.commands).toHaveLength(1);

    await first.kill();
    const next = serve(container, folder, Number(new URL(url).port));
    expect(await next.url()).toBe(url);
    const after = await client.runJson<{ commands: unknown[] }>('status');
    expect(after.commands).toEqual(before.commands);
    await expectRefused(serve(second, folder), 'pid 1');
  });

  test('two relays that start at the same time: one serves, the other is refused', async () => {
    const folder = await makeFolder();
    const both = [serve(container, folder), serve(container, folder)];
    const served = await Promise.allSettled(both.map((one) => one.url()));
    const winners = served.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    expect(winners).toHaveLength(1);
    const loser = both[winners[0] === 0 ? 1 : 0];
    if (loser) await expectRefused(loser, 'pid 1');
  });
});

test('200 garbage connections to the lock socket that never close: the relay serves, keeps its folder, and stops on SIGTERM', async () => {
  const folder = await makeFolder();
  const relay = await forTest(startRelay({ store: `file:${folder}/store` }));
  const [name = ''] = await listSockets(`${folder}/store`);
  const sockets = await flood(`${folder}/store/${name}`, 200);
  for (const socket of sockets) socket.pause().write(Buffer.alloc(100_000, 'garbage\n'));
  await expectRefused(serve([], folder), `pid ${relay.pid}`);
  const client = await forTest(makeClient(relay));
  await client.makeSession();
  const stopped = relay.kill('SIGTERM');
  expect(await withDeadline(stopped, 5_000, 'the relay ends')).toEqual({ code: 0, signal: null });
  expect(await listSockets(`${folder}/store`)).toEqual([]);
});
