import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { canMount, mountSmallDisk, type SmallDisk } from '../store/small-disk.ts';
import { forTest } from '../harness/for-test.ts';

const mib = 1024 * 1024;

/** Starts a listener whose temporary folder is a small disk of its own. */
async function startOnDisk(
  bytes: number,
  flags: string[] = [],
): Promise<{ client: Client; disk: SmallDisk }> {
  const disk = await mountSmallDisk(bytes);
  const relay = await forTest(startRelay({ flags }));
  const client = await forTest(makeClient(relay));
  const line = (await client.makeSession('--auto')).replace('| bash', `| TMPDIR='${disk.path}' bash`);
  await forTest(startListener(line));
  return { client, disk };
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.skipIf(!canMount).each([1, 5, 18])('a listener with a temporary folder of %i MiB', (size) => {
  test('stdin and output larger than the temporary folder arrive completely', {
    timeout: 120_000,
  }, async () => {
    const { client } = await startOnDisk(size * mib);
    const bytes = randomBytes(24 * mib);
    const input = { stdin: bytes, deadlineMs: 90_000 };
    const { exitCode, stdout, stderr } = await client.run(
      ['exec', '-i', 'cat; echo over >&2; exit 5'],
      input,
    );
    expect([exitCode, stderr]).toEqual([5, 'over\n']);
    expect(digest(stdout)).toBe(digest(bytes));
  });

  test('the command fills the temporary folder: stderr reports truncated output, and the next command runs', {
    timeout: 60_000,
  }, async () => {
    const { client, disk } = await startOnDisk(size * mib);
    const script = `head -c 40000000 /dev/zero 2>/dev/null >'${disk.path}/filled'; seq 200000; exit 5`;
    const { exitCode, stderr } = await client.run(['exec', script], { deadlineMs: 40_000 });
    expect(exitCode).toBe(5);
    expect(stderr).toContain('remotify: output truncated: no space left');
    expect((await client.run(['exec', `rm '${disk.path}/filled'; echo next`])).stdout.toString()).toMatch(
      /^(next\n)?$/,
    );
    expect((await client.run(['exec', 'echo the one after'])).text).toBe('the one after\n');
  });
});

test.skipIf(!canMount)(
  'a quota is reached while the temporary folder is nearly full: the result arrives, and the next command runs',
  { timeout: 120_000 },
  async () => {
    // The disk has no space for a second copy of the output.
    const { client } = await startOnDisk(28 * mib, ['--session-quota', '15m']);
    const { exitCode, stdout, stderr } = await client.run(['exec', 'head -c 19M /dev/zero; exit 5'], {
      deadlineMs: 60_000,
    });
    expect([5, 137]).toContain(exitCode);
    expect(stdout.byteLength).toBeGreaterThan(10 * mib);
    expect(stdout.byteLength).toBeLessThanOrEqual(15 * mib);
    expect(stderr).toContain('remotify: output truncated');
    // The next command needs only a few bytes of storage.
    const next = await client.run(['exec', 'true']);
    expect(next.stderr).toMatch(/stores as much as it may|^$/);
  },
);
