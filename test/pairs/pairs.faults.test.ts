import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, test, type TestContext } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import { startRelay } from '../harness/relay-process.ts';
import { readSession } from '../harness/remote.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { hasTmux } from '../harness/tmux.ts';
import { type ClientName, clients, type Pair, type Running } from './pair-clients.ts';
import { awaitQuestion, type Cell, cells, listen, listenSupervised } from './pair-listeners.ts';

// Every sensible combination of client, relay and listener, with polls of 15 s as in production. The remotify listener needs a remotify
// relay: a legacy relay serves its own script.

const urls: Partial<Record<Cell['relay'], string>> = {};
beforeAll(async () => {
  const relay = await startRelay();
  const legacy = await startLegacyRelay({ pollMs: 15_000 });
  urls['a remotify relay'] = relay.url;
  urls['a legacy relay'] = legacy.url;
  return async () => {
    await relay.stop();
    await legacy.close();
  };
});

const pairs = (Object.keys(clients) as ClientName[]).flatMap((name) =>
  cells.map((cell) => [`${name}, ${cell.relay}, ${cell.listener}`, { name, ...cell }] as const),
);
type Given = (typeof pairs)[number][1];
const timeout = 90_000;

/** Creates the session; `start` starts a command with the client of this pair. */
async function setUp(given: Given, { onTestFinished }: TestContext) {
  const url = urls[given.relay] ?? '';
  const client = await makeClient({ url });
  onTestFinished(client.remove);
  await client.makeSession();
  const { key } = await readSession(client.configDir);
  const payload = (await (await fetch(`${url}/api/session/${key}`)).json()) as SessionPayload;
  const pair: Pair = { client, url, payload, onFinished: onTestFinished };
  const start = (command: string): Promise<Running> => clients[given.name](pair, command);
  return { pair, start, payload };
}

/** The recipe shows the exit status only with a remotify relay and its own listener. */
const tellsStatus = ({ name, listener, relay }: Given): boolean =>
  name !== 'recipe' || (relay === 'a remotify relay' && listener === 'its listener');

async function countQueued({ urls: { api } }: SessionPayload): Promise<boolean> {
  return ((await (await fetch(`${api}/status`)).json()) as { cmd_queued: boolean }).cmd_queued;
}

describe.concurrent('pairs', () => {
  test.for(pairs)(
    '%s: the output of a command of 20 s arrives, and then the exit status of one that fails',
    { timeout },
    async ([, given], context) => {
      const { pair, start } = await setUp(given, context);
      await listen(given, pair);
      const long = await start('sleep 20; echo end');
      context.expect(await long.ended).toMatchObject({ output: 'end\n', declined: false });
      const failing = await start('echo out; echo err >&2; exit 3');
      const { output, exitStatus } = await failing.ended;
      // The two streams of a remotify listener may arrive in either order.
      context.expect(output.trimEnd().split('\n').toSorted()).toEqual(['err', 'out']);
      context.expect(exitStatus).toBe(tellsStatus(given) ? 3 : null);
    },
  );

  test.for(pairs)(
    '%s: cancelled before a listener is connected: the command never runs',
    { timeout },
    async ([, given], context) => {
      const { pair, start, payload } = await setUp(given, context);
      const trace = join(pair.client.configDir, 'trace');
      const running = await start(`touch '${trace}'; echo ran`);
      running.ended.catch(() => {});
      await eventually('the command is queued', 20_000, () => countQueued(payload));
      await running.cancel();
      await eventually('nothing is queued', 20_000, async () => !(await countQueued(payload)));
      await listen(given, pair);
      context.expect((await (await start('echo second')).ended).output).toBe('second\n');
      context.expect(await access(trace).catch(() => 'never ran')).toBe('never ran');
    },
  );

  test.for(pairs)(
    '%s: declined by the operator: the client reports it, the command never runs (needs tmux)',
    { timeout, skip: !hasTmux },
    async ([, given], context) => {
      const { pair, start } = await setUp(given, context);
      const terminal = await listenSupervised(given, pair);
      const running = await start('echo never');
      await awaitQuestion(terminal);
      await terminal.type('n\n');
      const { output, declined } = await running.ended;
      context.expect(declined).toBe(true);
      context.expect(output).not.toContain('never');
    },
  );

  test.for(pairs)(
    '%s: cancelled while it runs: a remotify listener stops the command (long form)',
    { timeout, skip: !isLong },
    async ([, given], context) => {
      const { pair, start } = await setUp(given, context);
      const listener = await listen(given, pair);
      const running = await start('sleep 33.3; echo end');
      const sleeps = async () =>
        (await listener.processes()).some(({ commandLine }) => commandLine === 'sleep 33.3');
      await eventually('the command runs', 20_000, sleeps);
      running.ended.catch(() => {});
      await running.cancel();
      // Only a remotify listener can stop a running command, and the recipe has no request for that.
      if (given.listener !== 'its listener' || given.relay !== 'a remotify relay' || given.name === 'recipe')
        return;
      await eventually('the command is stopped', 15_000, async () => !(await sleeps()));
    },
  );
});
