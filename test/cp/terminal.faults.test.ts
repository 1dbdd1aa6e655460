import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { isLong } from '../harness/is-long.ts';
import { waitForState } from '../harness/remote.ts';
import { startSlotListener } from '../harness/slot-listener.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { startSite } from './cp-site.ts';
import { setUpCut } from './cut-site.ts';
import { hashFile, mebi, writeSeededFile } from './seeded-file.ts';
import { forTest } from '../harness/for-test.ts';
import { ended, endedWell } from '../harness/prompts.ts';
import { useRelay } from '../harness/use-relay.ts';

// The progress of a copy on a terminal, and legacy relays, on which cp is refused.

describe.skipIf(!hasTmux)('the progress bar', { timeout: 60_000 }, () => {
  test.each([
    ['up', 80],
    ['down', 40],
    ...(isLong
      ? ([
          ['up', 40],
          ['down', 80],
        ] as const)
      : []),
  ] as const)('%s on %d columns: one row with percentage, gone or full at the end', async (way, columns) => {
    const site = await setUpCut(way, { size: 32 * mebi, deadlineMs: 30_000 });
    const { proxy, client, key } = site;
    proxy.holdAfter(way, way === 'up' ? 16 * mebi : mebi / 4);
    const words = [process.execPath, binaryPath, 'cp', ...site.args].map((word) => `'${word}'`).join(' ');
    const env = { REMOTIFY_URL: proxy.url, REMOTIFY_KEY: key, REMOTIFY_CONFIG_DIR: client.configDir };
    const terminal = await forTest(startTerminal(words, { columns, rows: 24, env }));
    await eventually('its bytes are held', 20_000, () => proxy.isHolding(way));
    if (way === 'down') {
      // The size of the file comes on stderr: the client learns it while it is far behind with stdout.
      await waitForState(client, 'the relay has more output than one answer holds', ({ commands }) =>
        commands.some(({ stdout_bytes: bytes }) => bytes > 8 * mebi),
      );
      proxy.holdAfter(way, 16 * mebi);
      await eventually('its bytes are held in the middle', 20_000, () => proxy.isHolding(way));
    }
    const screen = await eventually('the bar is in the middle', 20_000, async () => {
      const seen = await terminal.screen();
      if (!/\b([3-5]\d) ?%/.test(seen)) throw new Error(seen);
      return seen;
    });
    // The bar is redrawn in one row. The rate shows that the copy is alive.
    const rows = screen.split('\n').filter((row) => /\d ?%/.test(row));
    expect(rows, screen).toHaveLength(1);
    expect(rows[0]?.length).toBeLessThanOrEqual(columns);
    if (columns >= 80) expect(screen).toMatch(/B\/s/);
    proxy.open();
    const end = await terminal.waitForText(ended, 30_000);
    expect(end).toContain(endedWell);
    expect(end).not.toMatch(/\b[3-9]\d ?%/);
    expect(await hashFile(join(site.to, 'large'))).toBe(site.sha256);
  });

  test('-q on a terminal: no output', async () => {
    const site = await setUpCut('up', { size: mebi, deadlineMs: 30_000 });
    const words = [process.execPath, binaryPath, 'cp', '-q', ...site.args]
      .map((word) => `'${word}'`)
      .join(' ');
    const env = {
      REMOTIFY_URL: site.proxy.url,
      REMOTIFY_KEY: site.key,
      REMOTIFY_CONFIG_DIR: site.client.configDir,
    };
    const terminal = await forTest(startTerminal(words, { env }));
    const end = await terminal.waitForText(ended, 30_000);
    expect(end.trim()).toBe(endedWell);
  });
});

const hasScript = findProgram('script') !== undefined;

describe(`terminals without a size${hasScript ? '' : ' (script is missing)'}`, () => {
  const relay = useRelay();

  test.skipIf(!hasScript).each([
    [0, 0],
    ...(isLong
      ? [
          [1, 1],
          [10, 5],
        ]
      : []),
  ])('cp on a terminal of %d columns and %d rows: it succeeds', async (columns, rows) => {
    const site = await forTest(startSite(relay));
    const { here, there } = await site.makePair();
    const sha256 = await writeSeededFile(join(here, 'data'), 8 * mebi);
    const size = `stty cols ${columns} rows ${rows}`;
    const command = `${size}; '${process.execPath}' '${binaryPath}' cp '${here}/data' ':${there}'`;
    const env = cleanEnvironment(site.configDir, {
      TERM: 'xterm',
      REMOTIFY_URL: relay.url,
      REMOTIFY_CONFIG_DIR: site.configDir,
    });
    const run = spawnCaptured('script', ['-qec', command, '/dev/null'], { env, stdin: 'open' });
    onTestFinished(() => void run.child.kill('SIGKILL'));
    expect(await withDeadline(run.closed, 25_000, 'cp ends'), run.stdout().toString()).toMatchObject({
      code: 0,
    });
    expect(await hashFile(join(there, 'data'))).toBe(sha256);
  });
});

test.each(['up', 'down'])('cp %s on a legacy relay: refused with a hint, nothing is pushed', async (way) => {
  const relay = await forTest(startLegacyRelay());
  const client = await forTest(makeClient(relay));
  const folder = await forTest(makeTemporaryFolder());
  const made = await client.runJson<SessionPayload>('new');
  await forTest(startSlotListener(relay.url, made.key));
  await mkdir(join(folder.path, 'there'));
  await writeSeededFile(join(folder.path, 'data'), 1000);
  const [data, target] = [join(folder.path, 'data'), join(folder.path, 'there')];
  const { exitCode, text, stderr } = await client.run(
    way === 'up' ? ['cp', data, `:${target}`] : ['cp', `:${data}`, target],
  );
  expect([2, 255]).toContain(exitCode);
  expect(text).toBe('');
  expect(stderr).toMatch(/^remotify: error: .*legacy relay.*\nremotify: hint: .+\n$/);
  expect(relay.requests.filter((line) => line.startsWith('POST /cmd-'))).toEqual([]);
});
