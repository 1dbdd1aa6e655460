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

test.skipIf(!canMount)(
  'a quota that is met while the temporary folder is nearly full: the end of the command arrives, and the next one runs',
  { timeout: 120_000 },
  async () => {
    // There is no room for what was sent a second time.
    const disk = await mountSmallDisk(28 * mib);
    const relay = await startRelay({ flags: ['--session-quota', '15m'] });
    onTestFinished(relay.stop);
    const client = await makeClient(relay);
    onTestFinished(client.remove);
    const line = (await client.makeSession('--auto')).replace('| bash', `| TMPDIR='${disk.path}' bash`);
    const listener = await startListener(line);
    onTestFinished(listener.stop);
    const { exitCode, stdout, stderr } = await client.run(['exec', 'head -c 19M /dev/zero; exit 5'], {
      deadlineMs: 60_000,
    });
    expect([5, 137]).toContain(exitCode);
    expect(stdout.byteLength).toBeGreaterThan(10 * mib);
    expect(stdout.byteLength).toBeLessThanOrEqual(15 * mib);
    expect(stderr).toContain('remotify: the rest of the output is lost');
    // Nothing is stored for it but a few words.
    const next = await client.run(['exec', 'true']);
    expect(next.stderr).toMatch(/stores as much as it may|^$/);
  },
);
