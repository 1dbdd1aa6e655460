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

// The script as it comes over the wire, cut on its way.

/** The runner in auto mode, which needs no terminal, and the server that it would talk to. */
async function fetchRunner(): Promise<{ path: string; text: string; server: CannedServer }> {
  const server = await startCannedServer(renderAnswer('410 Gone', 'gone', ['Remotify-Version: 0']));
  onTestFinished(server.close);
  const relay = await startRelay({ flags: ['--public-url', server.url] });
  onTestFinished(relay.stop);
  const client = await makeClient(relay);
  onTestFinished(client.remove);
  const made = await client.runJson<SessionPayload>('new');
  const { text } = await curl([`${relay.url}/r/${made.listener_key}?mode=auto`]);
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const path = join(folder.path, 'runner.sh');
  await writeFile(path, text);
  return { path, text, server };
}

/** `head -c N | bash` to its end: what it left, and how it ended. */
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

test('whole, it asks the server: the count counts', async () => {
  const { path, text, server } = await fetchRunner();
  const whole = await runCut(path, Buffer.byteLength(text));
  expect(whole.output).toContain('remotify: session ended');
  expect(server.requests.length).toBeGreaterThan(0);
  expect(server.requests[0]).toMatch(/^GET \/api\/session\/self\/next\?/);
});

test('cut at any of 40 places, and just before its last line: an error, and nothing happens', {
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

// Makes its own copy shorter, byte after byte, and says which of them bash took for a script.
const cutInLane = `
  for ((bytes = $2; bytes > 0; bytes -= $3)); do
    truncate -s "$bytes" "$1"
    bash <"$1" 2>/dev/null && echo "$bytes bytes end with 0"
  done
  echo over`;

/** Every so many bytes, from a last one that the seed draws: all of them (1) take nine minutes. */
const stride = Number(process.env.REMOTIFY_TEST_STRIDE ?? 9);

test.skipIf(!isLong)('cut at every byte: an error, and nothing happens', { timeout: 1_500_000 }, async () => {
  const { text, server } = await fetchRunner();
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
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
    await withDeadline(bash.closed, 1_400_000, `lane ${less} is through`);
    return bash.stdout().toString();
  });
  expect(await Promise.all(lanes)).toEqual(['over\n', 'over\n']);
  expect(server.requests).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});

test('cut at every byte of its first lines, which bash runs one by one: an error, and nothing happens', {
  timeout: 120_000,
}, async () => {
  const { text, server } = await fetchRunner();
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
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
  await withDeadline(bash.closed, 110_000, 'all of them end');
  expect(bash.stdout().toString()).toBe('over\n');
  expect(server.requests).toEqual([]);
});

test('a transfer that breaks off half way does nothing either', async () => {
  const { text } = await fetchRunner();
  const half = Buffer.from(text).subarray(0, text.length / 2);
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n`;
  const server = await startCannedServer(Buffer.concat([Buffer.from(head), half]));
  onTestFinished(server.close);
  const listener = await startListener(`curl -fsSL '${server.url}/r/x?mode=auto' | bash`);
  onTestFinished(listener.stop);
  await withDeadline(listener.exited, 15_000, 'the line ends');
  await eventually('nothing is left', 5_000, async () => (await listener.processes()).length === 0);
  expect(listener.output()).not.toContain('listening');
  expect(server.requests).toHaveLength(1);
  expect(await readdir(listener.temporaryFolder)).toEqual([]);
});
