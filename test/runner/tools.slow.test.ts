import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { type Remote, startRemote } from '../harness/remote.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../harness/temporary-folder.ts';
import { findTool } from './spool-kit.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The runner needs only a few tools on the remote, and works with or without the optional ones.

const relay = useRelay();

const needed = ['mktemp', 'cat', 'wc', 'tail', 'head', 'sleep', 'rm'];

/** Returns a function that fills a folder for PATH: `own` tools of this machine, `fromBusybox` as links to busybox. */
function fill(own: readonly string[], fromBusybox: readonly string[] = []) {
  return async (path: string): Promise<void> => {
    for (const name of own) await symlink(findTool(name), join(path, name));
    for (const name of fromBusybox) await symlink(findTool('busybox'), join(path, name));
  };
}

async function makePath(own: readonly string[]): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  await fill(own)(folder.path);
  return folder.path;
}

const applets = new Set(spawnSync('busybox', ['--list'], { encoding: 'utf8' }).stdout?.split('\n') ?? []);
const hasBusybox = [...needed, 'gzip', 'setsid', 'id'].every((name) => applets.has(name));

const kinds: [string, boolean, (path: string) => Promise<void>][] = [
  [
    'all tools that the runner can use',
    true,
    fill(['bash', 'curl', ...needed, 'dd', 'gzip', 'setsid', 'id', 'stty']),
  ],
  ['only the required tools', true, fill(['bash', 'curl', ...needed])],
  ['only the required tools and dd', true, fill(['bash', 'curl', ...needed, 'dd'])],
  ['no gzip', true, fill(['bash', 'curl', ...needed, 'setsid', 'id', 'stty'])],
  ['no setsid', true, fill(['bash', 'curl', ...needed, 'gzip', 'id', 'stty'])],
  ['perl instead of setsid', true, fill(['bash', 'curl', ...needed, 'perl'])],
  ['busybox', hasBusybox, fill(['bash', 'curl'], [...needed, 'dd', 'gzip', 'setsid', 'id', 'stty'])],
  ['only the required tools of busybox', hasBusybox, fill(['bash', 'curl'], needed)],
];

// Each kind takes half a minute: the short form tests the one with the fewest tools, and perl instead of setsid.
const poorest = hasBusybox ? 'only the required tools of busybox' : 'only the required tools';
const some = isLong ? kinds : kinds.filter(([title]) => title === poorest || title.startsWith('perl'));

describe.each(some)('with %s', (_title, isThere, makeIt) => {
  let remote: Remote;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    if (!isThere) return;
    folder = await makeTemporaryFolder();
    await makeIt(folder.path);
    remote = await startRemote(relay, { PATH: folder.path });
  });
  afterAll(async () => {
    await remote?.stop();
    await folder?.remove();
  });

  test.skipIf(!isThere)(
    'a command writes to stdout and stderr and exits with 7: all arrive unchanged',
    async () => {
      const { run, listener } = remote;
      expect(await run(['exec', 'echo out; echo err >&2; exit 7'])).toMatchObject({
        exitCode: 7,
        text: 'out\n',
        stderr: 'err\n',
      });
      expect(await run(['exec', 'printf "\\000\\377"'])).toMatchObject({
        exitCode: 0,
        stdout: Buffer.from([0, 255]),
      });
      // A missing tool or an unsupported option would print an error.
      expect(listener.output()).not.toMatch(/not found|No such file|invalid|usage/i);
    },
  );

  test.skipIf(!isThere)('100 KB of zeros and 100 KB of random bytes arrive unchanged', async () => {
    const { run, listener } = remote;
    const zeros = await run(['exec', 'head -c 102400 /dev/zero']);
    expect(zeros).toMatchObject({ exitCode: 0, stdout: Buffer.alloc(102_400) });
    const copy = join(listener.temporaryFolder, 'copy');
    const noise = await run(['exec', `head -c 102400 /dev/urandom >'${copy}'; cat '${copy}'`]);
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(digest(noise.stdout)).toBe(digest(await readFile(copy)));
  });

  test.skipIf(!isThere)('output arrives live; cancel stops all processes of the command', async () => {
    const { run, start, listener } = remote;
    const exec = start(['exec', 'sleep 300 & (sleep 300 & sleep 300) & echo ready; sleep 300']);
    await eventually('the output is live', 15_000, () => exec.stdout().toString() === 'ready\n');
    expect(await run(['cancel'])).toMatchObject({
      exitCode: 0,
      text: expect.stringMatching(/^c\d+ stopped\n$/) as string,
    });
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 143 });
    const alive = (await listener.processes()).filter(({ commandLine }) => commandLine.includes('sleep 300'));
    expect(alive).toEqual([]);
    expect(await run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
  });

  test.skipIf(!isThere)('exec --timeout: the command is stopped, exec exits with 124', async () => {
    const { run } = remote;
    const result = await run(['exec', '--timeout', '1s', 'echo begun; sleep 300']);
    expect(result).toMatchObject({ exitCode: 124, text: 'begun\n' });
  });
});

// Laying out the complete text in the shell would take longer than a listener may be silent.
test('only the required tools: a command with a line of 1 MiB is displayed and run', async () => {
  const remote = await forTest(startRemote(relay, { PATH: await makePath(['bash', 'curl', ...needed]) }));
  const end = '\necho reached';
  const script = `: ${'x'.repeat(1_048_576 - 2 - end.length)}${end}`;
  expect(await remote.run(['exec', '-f', '-'], { stdin: script, deadlineMs: 20_000 })).toMatchObject({
    exitCode: 0,
    text: 'reached\n',
    stderr: '',
  });
  expect(remote.listener.output()).toMatch(/ of 1048576 bytes NOT SHOWN\)\n/);
});

test('no curl: the listener does not start', async () => {
  const path = await makePath(['bash', ...needed]);
  const line = `PATH='${path}' bash`;
  const script = await (await fetch(`${relay.url}/r/${await listenerKey()}?mode=auto`)).text();
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line], { input: script, encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: 'remotify: error: curl is not installed\n',
  });
});

async function listenerKey(): Promise<string> {
  const made = await fetch(`${relay.url}/api/session`, { method: 'POST' });
  return ((await made.json()) as { listener_key: string }).listener_key;
}
