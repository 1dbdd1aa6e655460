import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CannedServer, renderAnswer, startCannedServer } from '../harness/canned-server.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { seed } from '../harness/seed.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// A runner script that is truncated during the download does nothing.

/** The runner in auto mode, which needs no terminal, and the server that it would contact. */
async function fetchRunner(): Promise<{ path: string; text: string; server: CannedServer }> {
  const server = await forTest(startCannedServer(renderAnswer('410 Gone', 'gone', ['Remotify-Version: 0'])));
  const relay = await forTest(startRelay({ flags: ['--public-url', server.url] }));
  const client = await forTest(makeClient(relay));
  const made = await client.runJson<SessionPayload>('new');
  const { text } = await curl([`${relay.url}/r/${made.listener_key}?mode=auto`]);
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'runner.sh');
  await writeFile(path, text);
  return { path, text, server };
}

/** Runs `head -c N | bash`, and returns its exit status, its output, and the files and processes that it left. */
async function runCut(path: string, bytes: number) {
  const listener = await startListener(`head -c ${bytes} '${path}' | bash; exit "\${PIPESTATUS[1]}"`);
  try {
    const { code } = await withDeadline(listener.exited, 15_000, `the first ${bytes} bytes end`);
    const files = await readdir(listener.temporaryFolder);
    return { code, files, processes: await listener.processes(), output: listener.output() };
  } finally {
    await listener.stop();
  }
}

test('the complete script: it contacts the server', async () => {
  const { path, text, server } = await fetchRunner();
  const whole = await runCut(path, Buffer.byteLength(text));
  expect(whole.output).toContain('remotify: session ended');
  expect(server.requests.length).toBeGreaterThan(0);
  expect(server.requests[0]).toMatch(/^GET \/api\/session\/self\/next\?/);
});

test('script truncated at 40 places and before its last line: exit status not 0, no file, process or request', {
  timeout: 120_000,
}, async () => {
  const { path, text, server } = await fetchRunner();
  const bytes = Buffer.from(text);
  const lastLine = bytes.lastIndexOf('\n}') + 1;
  expect(bytes.subarray(lastLine).toString()).toBe('}\n');
  const places = Array.from({ length: 40 }, (_, at) => Math.round((lastLine * (at + 1)) / 40));
  for (const size of [...places, lastLine - 3, lastLine - 2, lastLine - 1]) {
    const cut = await runCut(path, size);
    expect(cut, `${size} of ${bytes.length} bytes`).toMatchObject({ files: [], processes: [] });
    expect(cut.output, `${size} of ${bytes.length} bytes`).not.toContain('remotify:');
    expect(server.requests, `${size} of ${bytes.length} bytes`).toEqual([]);
    expect(cut.code, `${size} of ${bytes.length} bytes`).not.toBe(0);
  }
});

// Truncates its own copy step by step, and reports each length at which bash ends with 0.
const cutInLane = `
  for ((bytes = $2; bytes > 0; bytes -= $3)); do
    truncate -s "$bytes" "$1"
    bash <"$1" 2>/dev/null && echo "$bytes bytes end with 0"
  done
  echo over`;

/** Distance in bytes between two tested lengths; the seed draws the first one. All of them (1) take nine minutes. */
const stride = Number(process.env.REMOTIFY_TEST_STRIDE ?? 9);

test.skipIf(!isLong)(
  'script truncated at every byte: exit status not 0, no file, no request',
  { timeout: 1_500_000 },
  async () => {
    const { text, server } = await fetchRunner();
    const folder = await forTest(makeTemporaryFolder());
    const temporary = join(folder.path, 'tmp');
    await mkdir(temporary);
    const env = cleanEnvironment(folder.path, { TMPDIR: temporary });
    const whole = text.trimEnd();
    const lastPlace = Buffer.byteLength(whole) - 1 - (seed % stride);
    // Two at a time.
    const lanes = [0, stride].map(async (less) => {
      const path = join(folder.path, `lane-${less}`);
      await writeFile(path, whole);
      const bash = spawnCaptured(
        'bash',
        ['-c', cutInLane, 'lane', path, String(lastPlace - less), String(2 * stride)],
        { env },
      );
      onTestFinished(() => void bash.child.kill('SIGKILL'));
      await withDeadline(bash.closed, 1_400_000, `lane ${less} ends`);
      return bash.stdout().toString();
    });
    expect(await Promise.all(lanes)).toEqual(['over\n', 'over\n']);
    expect(server.requests).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  },
);

test('script truncated at every byte of its first lines, which bash runs one by one: exit status not 0, no request', {
  timeout: 120_000,
}, async () => {
  const { text, server } = await fetchRunner();
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'runner.sh');
  const groupAt = text.indexOf('\n{ # One group') + 1;
  expect(groupAt).toBeGreaterThan(1000);
  await writeFile(path, text.slice(0, groupAt + 20));
  const bash = spawnCaptured(
    'bash',
    ['-c', cutInLane, 'lane', path, String(groupAt + 19 - (isLong ? 0 : seed % 5)), isLong ? '1' : '5'],
    {
      env: cleanEnvironment(folder.path),
    },
  );
  onTestFinished(() => void bash.child.kill('SIGKILL'));
  await withDeadline(bash.closed, 110_000, 'all truncated scripts end');
  expect(bash.stdout().toString()).toBe('over\n');
  expect(server.requests).toEqual([]);
});

test('the download breaks off half way: no listener starts, no file or process is left', async () => {
  const { text } = await fetchRunner();
  const half = Buffer.from(text).subarray(0, text.length / 2);
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n`;
  const server = await forTest(startCannedServer(Buffer.concat([Buffer.from(head), half])));
  const listener = await forTest(startListener(`curl -fsSL '${server.url}/r/x?mode=auto' | bash`));
  await withDeadline(listener.exited, 15_000, 'the line ends');
  await eventually('no process is left', 5_000, async () => (await listener.processes()).length === 0);
  expect(listener.output()).not.toContain('listening');
  expect(server.requests).toHaveLength(1);
  expect(await readdir(listener.temporaryFolder)).toEqual([]);
});
