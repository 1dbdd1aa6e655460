import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readdir } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { listenOnPath } from '../../src/relay/listen-on-path.ts';
import { SocketUnusable } from '../../src/relay/socket-unusable.ts';
import { withPathHeld } from '../../src/relay/with-path-held.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

/** Leaves a socket on which no process listens. */
function leaveDead(path: string): void {
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', code]);
}

const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));

async function answers(path: string, server: Server): Promise<boolean> {
  const taken = once(server, 'connection');
  const socket = connect(path);
  try {
    await withDeadline(taken, 2_000, 'the server gets the connection');
    return true;
  } finally {
    socket.destroy();
  }
}

test('twelve servers on one dead socket at once: one replaces it, the others fail with SocketUnusable', async () => {
  const folder = await forTest(makeTemporaryFolder());
  for (let round = 0; round < 60; round++) {
    const path = join(folder.path, `s${round}`);
    leaveDead(path);
    const servers = Array.from({ length: 12 }, () => createServer());
    const results = await Promise.allSettled(
      servers.map(async (server, at) => {
        // Each begins a few turns of the event loop after the one before, so that they collide at every step.
        for (let turn = 0; turn < (at * round) / 6; turn++) await setImmediate();
        return listenOnPath(server, { path, mode: 0o600 }, 10);
      }),
    );
    const winners = servers.filter((_server, at) => results[at]?.status === 'fulfilled');
    expect(winners, `round ${round}`).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(SocketUnusable);
    const [winner] = winners;
    expect(winner && (await answers(path, winner))).toBe(true);
    for (const result of results) if (result.status === 'fulfilled') await result.value();
    await Promise.all(servers.filter(({ listening }) => listening).map(close));
    expect(await readdir(folder.path)).toEqual([]);
  }
}, 150_000);

test.skipIf(process.platform !== 'linux')(
  'path locked by another process: the socket waits in its own folder, with its final mode, until the lock is free (Linux)',
  async () => {
    const folder = await forTest(makeTemporaryFolder());
    const path = join(folder.path, 'relay.sock');
    leaveDead(path);
    const dead = await lstat(path);
    const server = createServer();
    onTestFinished(() => void server.close());
    const listening = await withPathHeld(path, async () => {
      const started = listenOnPath(server, { path, mode: 0o640 }, 10);
      const own = await eventually('the socket has its mode', 5_000, async () => {
        const name = (await readdir(folder.path)).find((each) => each.startsWith('.remotify-'));
        const found = name === undefined ? undefined : join(folder.path, name);
        return found !== undefined && ((await lstat(join(found, 's'))).mode & 0o777) === 0o640 && found;
      });
      expect((await lstat(own)).mode & 0o777).toBe(0o700);
      await untilPassed('time for the socket to appear at the path', 200);
      expect((await lstat(path)).ino).toBe(dead.ino);
      return { started };
    });
    const remove = await withDeadline(listening.started, 5_000, 'listenOnPath continues');
    expect(((await lstat(path)).mode & 0o777).toString(8)).toBe('640');
    expect(await readdir(folder.path)).toEqual(['relay.sock']);
    await remove();
    expect(await readdir(folder.path)).toEqual([]);
  },
);
