import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { withDeadline } from '../harness/deadline.ts';
import type { Group } from './kit/group.ts';
import { spawnOwn } from './kit/own-process.ts';
import { PushClient } from './kit/push-client.ts';
import { noSsh, startBenchRemote } from './kit/remote.ts';
import { alternate, type Side } from './kit/series.ts';
import { runTimed } from './kit/timed-run.ts';
import type { Ends } from './kit/ends.ts';

/** Long enough that the first line is sent before the end of the command. */
const liveScript = 'echo first; sleep 0.6; echo last';

async function timeFinished(client: PushClient): Promise<number> {
  const began = performance.now();
  await client.waitForEnd(await client.push('true'));
  return performance.now() - began;
}

async function timeLive(client: PushClient): Promise<number> {
  const began = performance.now();
  const id = await client.push(liveScript);
  await client.waitForByte(id);
  const took = performance.now() - began;
  await client.waitForEnd(id);
  return took;
}

/** From the start of the program to the first byte that it prints. */
async function timeProgram(words: readonly string[], env: Record<string, string>): Promise<number> {
  const began = performance.now();
  const { child, closed, kill } = spawnOwn(words, env, ['ignore', 'pipe', 'ignore']);
  let took = Number.NaN;
  child.stdout?.once('data', () => {
    took = performance.now() - began;
  });
  child.stdout?.resume();
  const status = await withDeadline(closed, 30_000, 'the last line').finally(kill);
  if (status !== 0) throw new Error(`${words.slice(0, 4).join(' ')} failed with ${status}`);
  return took;
}

/** The server for the bare curl rows. */
async function startPlainServer(ends: Ends): Promise<string> {
  const server = createServer((_, response) => void response.end('ok\n'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ends.add(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

export const firstByte: Group = {
  name: 'first-byte',
  title: 'First byte and end of a command',
  notes: [
    `The live command is \`${liveScript}\`. “From the push” is the time for a running client that waits for output; “from the start” adds the start of the program.`,
    '“Push to finished” runs `true` on a waiting bash listener: from before the push to the answer that the command is finished, on one keep-alive connection.',
    'Bare curl is one `curl` process with a request to a node:http server on loopback; bare bash is `bash -c true`. The listener needs at least one of each for a command.',
  ],
  async run({ isShort, add, skip, ends }) {
    const remote = await startBenchRemote(ends);
    const { env, remotify, ssh } = remote;
    const client = new PushClient(remote);
    ends.add(() => client.close());
    const url = await startPlainServer(ends);
    const short: Side[] = [
      { name: 'finished', measure: async () => ({ ms: await timeFinished(client) }) },
      { name: 'curl', measure: () => runTimed(['curl', '-q', '-s', url], env) },
      { name: 'bash', measure: () => runTimed(['bash', '-c', 'true'], env) },
    ];
    const quick = await alternate(short, isShort ? { rounds: 1, warmUps: 1 } : { rounds: 50, warmUps: 5 });
    const unit = 'ms';
    add({ id: 'first-byte.curl', name: 'bare curl', unit, values: quick.of('curl') });
    add({ id: 'first-byte.bash', name: 'bare bash', unit, values: quick.of('bash') });
    add({
      id: 'first-byte.finished',
      name: 'push to finished',
      unit,
      values: quick.of('finished'),
      base: { name: 'bare curl', values: quick.of('curl') },
      goal: { atMost: 50 },
      isGoalOfFigure: true,
    });
    const live: Side[] = [
      { name: 'push', measure: async () => ({ ms: await timeLive(client) }) },
      {
        name: 'exec',
        measure: async () => ({ ms: await timeProgram([...remotify, 'exec', liveScript], env) }),
      },
      ...(ssh
        ? [
            {
              name: 'ssh',
              measure: async () => ({ ms: await timeProgram([...ssh.client, liveScript], env) }),
            },
          ]
        : []),
    ];
    const { of } = await alternate(live, isShort ? { rounds: 1 } : { rounds: 12, warmUps: 1 });
    add({
      id: 'first-byte.push',
      name: 'first live byte, from the push',
      unit,
      values: of('push'),
      goal: { atMost: 150 },
    });
    const fromStart = { name: 'first live byte, from the start of remotify exec', unit, values: of('exec') };
    if (ssh) {
      add({ id: 'first-byte.ssh', name: 'first live byte, from the start of ssh', unit, values: of('ssh') });
      add({ id: 'first-byte.exec', ...fromStart, base: { name: 'ssh', values: of('ssh') } });
    } else {
      add({ id: 'first-byte.exec', ...fromStart });
      skip('first-byte.ssh', 'first live byte, from the start of ssh', noSsh);
    }
  },
};
