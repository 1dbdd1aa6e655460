import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { startListener } from '../harness/listener.ts';
import { waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { readForks } from './read-forks.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Starting processes is the largest cost of a short command: their number must not grow.

const relay = useRelay();

const canTrace =
  findProgram('strace') !== undefined && spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
const version = spawnSync('bash', ['-c', 'echo $((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1]))'], {
  encoding: 'utf8',
}).stdout;

/**
 * A writer and its dd for each stream, two shells before the command (one becomes the command), the uploader
 * and its first sleep, a curl for the result, one for the next poll, and an rm. Before bash 5.1 each curl needs one more process.
 */
const most = Number(version) >= 501 ? 11 : 13;
const count = 8;

test.skipIf(!canTrace)(
  `a short command: at most ${most} processes are started`,
  { timeout: 120_000 },
  async () => {
    const folder = await forTest(makeTemporaryFolder());
    const client = await forTest(makeClient(relay));
    const trace = join(folder.path, 'trace');
    const strace = `strace -f -qq -s 256 -e trace=execve,clone,clone3,fork,vfork -o '${trace}'`;
    const line = await client.makeSession('--auto');
    await forTest(startListener(line.replace('| bash', `| ${strace} bash`)));
    await waitForState(client, 'the listener is attached', (state) => state.listener?.attached === true);
    for (let nth = 0; nth < count; nth += 1) {
      expect(await client.run(['exec', 'echo hi'], { deadlineMs: 30_000 })).toMatchObject({ text: 'hi\n' });
    }
    const commands = await eventually('the poll after the last command', 15_000, async () => {
      const found = readForks(await readFile(trace, 'utf8'));
      return found.length === count && found;
    });
    // On a busy machine some commands take longer and start more processes: the minimum counts.
    const counts = commands.map((forks) => forks.length);
    expect(Math.min(...counts), counts.join(' ')).toBeLessThanOrEqual(most);
    // A trace in an unknown format would contain no forks.
    expect(Math.min(...counts), counts.join(' ')).toBeGreaterThan(3);
  },
);
