import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startRelay } from '../harness/relay-process.ts';
import { measureFolder, mib } from '../runner/spool-kit.ts';
import { startFor, startRemoteFor } from './rig.ts';
import { forTest } from '../harness/for-test.ts';

const manyMib = isLong ? 200 : 50;

/** Node itself needs about 60 MiB here; the rest is for a few chunks in flight, never for all of the output. */
const mostMib = 160;

/** Peak memory of a process, in MiB. Linux only. */
async function peakMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

test.skipIf(!existsSync('/proc/self/status'))(
  `${manyMib} MiB of output: all of it arrives, and relay, listener and client stay below ${mostMib} MiB of memory`,
  { timeout: 300_000 },
  async () => {
    const relay = await forTest(startRelay());
    const remote = await startRemoteFor(relay);
    const line = Buffer.from('y\n');
    const expected = createHash('sha256');
    for (let part = 0; part < manyMib; part += 1) expected.update(Buffer.alloc(mib, line));

    const exec = startFor(remote, ['exec', `yes | head -c ${manyMib}M`]);
    const hash = createHash('sha256');
    exec.child.stdout?.on('data', (chunk: Buffer) => hash.update(chunk));
    let clientMib = 0;
    let listenerMib = 0;
    const watch = async () => {
      clientMib = Math.max(clientMib, await peakMib(exec.pid));
      for (const { pid } of await remote.listener.processes())
        listenerMib = Math.max(listenerMib, await peakMib(pid));
      return !exec.isRunning();
    };
    await eventually('exec ends', 240_000, watch, 500);
    const { code } = await withDeadline(exec.closed, 10_000, 'its output is complete');
    expect(code).toBe(0);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
    const peaks = { relay: await peakMib(relay.pid), client: clientMib, listener: listenerMib };
    console.log(`peak MiB: ${JSON.stringify(peaks)}`);
    for (const [who, peak] of Object.entries(peaks)) expect(peak, who).toBeLessThan(mostMib);

    // The listener still runs, and removes the spool after the next command.
    expect((await remote.run(['exec', 'echo next'])).text).toBe('next\n');
    await eventually('no spool file is left', 10_000, async () => {
      const names = await readdir(remote.listener.temporaryFolder, { recursive: true });
      return names.every((name) => !name.includes('/spool.'));
    });
    expect(await measureFolder(remote.listener.temporaryFolder)).toBeLessThan(4 * mib);
  },
);
