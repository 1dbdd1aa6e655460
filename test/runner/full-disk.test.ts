import { expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { canMount, mountSmallDisk } from '../store/small-disk.ts';

const mib = 1024 * 1024;

test.skipIf(!canMount)(
  'a command that fills the temporary folder goes on, and it is said that the rest of its output is lost',
  { timeout: 120_000 },
  async () => {
    // A third of it is kept in reserve for what must be told.
    const disk = await mountSmallDisk(18 * mib);
    const relay = await startRelay();
    onTestFinished(relay.stop);
    const client = await makeClient(relay);
    onTestFinished(client.remove);
    const line = (await client.makeSession('--auto')).replace('| bash', `| TMPDIR='${disk.path}' bash`);
    const listener = await startListener(line);
    onTestFinished(listener.stop);
    const script = 'head -c 40M /dev/zero && echo reached >&2; exit 5';
    const { exitCode, stdout, stderr } = await client.run(['exec', script], { deadlineMs: 90_000 });
    expect(exitCode).toBe(5);
    expect(stdout.byteLength).toBeGreaterThan(4 * mib);
    expect(stdout.byteLength).toBeLessThan(20 * mib);
    expect(stderr).toContain('remotify: the rest of the output is lost: there is no room for it');
    expect((await client.run(['exec', 'echo next'])).text).toBe('next\n');
  },
);
