import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { endProcessSession, listProcessesWith, sendSignal } from '../harness/process-session.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type SessionState, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { canMount, mountSmallDisk } from '../store/small-disk.ts';

// Where a listener may have to live: temporary folders of all kinds, and users with few rights.

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay();
  return relay.stop;
});

const isGone = ({ listener }: SessionState): boolean => listener?.attached === false;

async function setUp() {
  const client = await makeClient(relay);
  onTestFinished(client.remove);
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const line = await client.makeSession('--auto');
  const listen = async (before: string, bash = 'bash') => {
    const listener = await startListener(`${before}\n${line.replace('| bash', `| ${bash}`)}`, {
      WHERE: folder.path,
    });
    onTestFinished(listener.stop);
    return listener;
  };
  return { ...client, client, folder: folder.path, listen };
}

test.each([
  ['with spaces and quotes', `it's "a" $(place) \`x\` é`],
  ['of two lines', 'a\nb'],
  ['that looks like an option', '--version'],
  ['with a pattern in it', 'a*b?c[d]'],
])('a temporary folder %s', { timeout: 90_000 }, async (_title, name) => {
  const { client, folder, listen, run } = await setUp();
  const path = join(folder, name);
  await mkdir(path);
  // Also as a name that is relative to where it is started.
  for (const TMPDIR of [path, name]) {
    const quoted = TMPDIR.replaceAll("'", String.raw`'\''`);
    const listener = await listen(`cd "$WHERE"; export TMPDIR='${quoted}'`);
    const result = await run(['exec', 'echo out; echo err >&2; pwd -P; exit 3']);
    expect(result).toMatchObject({ exitCode: 3, text: `out\n${folder}\n`, stderr: 'err\n' });
    expect(await readdir(path)).toEqual([expect.stringMatching(/^remotify\.\w{10}$/)]);
    sendSignal(-listener.pid, 'SIGTERM');
    await withDeadline(listener.exited, 10_000, 'the listener ends');
    // The shell that was started is gone at once; the runner behind its pipe is left to clean up.
    await endProcessSession(listener.pid, 10_000);
    expect(await readdir(path)).toEqual([]);
    // Until then the relay keeps its place for it, and would refuse the next one.
    await waitForState(client, 'the relay knows', isGone, 30_000);
  }
});

test('without a temporary folder it does not start, and says where it looked', async () => {
  const { folder, listen } = await setUp();
  const listener = await listen(`set -o pipefail; export TMPDIR="$WHERE/none"`);
  expect(await withDeadline(listener.exited, 10_000, 'it ends')).toMatchObject({ code: 1 });
  expect(listener.output()).toContain(`remotify: error: cannot make a private folder in ${folder}/none\n`);
});

test.skipIf(!canMount)('with a full temporary folder it does not start, and says so', async () => {
  const disk = await mountSmallDisk(1024 * 1024);
  await writeFile(join(disk.path, 'full'), Buffer.alloc(2 * 1024 * 1024)).catch(() => {});
  const { listen } = await setUp();
  const listener = await listen(`set -o pipefail; export TMPDIR='${disk.path}'`);
  expect(await withDeadline(listener.exited, 10_000, 'it ends')).toMatchObject({ code: 1 });
  expect(listener.output()).toContain(`remotify: error: there is no room in ${disk.path}\n`);
  expect(await readdir(disk.path)).toEqual(['full']);
});

/** What a listener that was killed together with its watchdog left. The process is one that has ended. */
async function leaveFolder(path: string, { host = hostname(), pid = 0 } = {}): Promise<void> {
  const ended = spawn('true');
  await once(ended, 'close');
  await mkdir(path);
  await writeFile(join(path, 'owner'), `${host} ${pid || ended.pid} ${ended.pid}\n`);
  await writeFile(join(path, 'stdout'), 'left');
}

test('what a killed listener left is swept by the next start, and nothing else is', async () => {
  const { folder, listen, run } = await setUp();
  const at = (name: string) => join(folder, `remotify.${name}`);
  const host = hostname().replaceAll(/[^A-Za-z0-9._-]/g, '_');
  await leaveFolder(at('deadDEAD01'), { host });
  await leaveFolder(at('aliveALIVE'), { host, pid: process.pid });
  await leaveFolder(at('elsewhere0'), { host: `not-${host}` });
  await leaveFolder(at('longer00001'), { host });
  await leaveFolder(join(folder, 'precious'), { host });
  await symlink(join(folder, 'precious'), at('linkLINK01'));
  await mkdir(at('newborn001'));
  await writeFile(join(folder, 'remotify.afile00001'), '');
  const before = await readdir(folder);
  await listen('export TMPDIR="$WHERE"');
  await run(['exec', 'true']);
  const after = await readdir(folder);
  // Beside its own.
  expect(before.filter((name) => !after.includes(name))).toEqual(['remotify.deadDEAD01']);
  expect(after).toHaveLength(before.length);
  expect(await readdir(join(folder, 'precious'))).toEqual(['owner', 'stdout']);
});

test('killed with all of its processes it leaves a folder, and the next start sweeps it', {
  timeout: 120_000,
}, async () => {
  const { client, folder, listen, run } = await setUp();
  const first = await listen('export TMPDIR="$WHERE"');
  await run(['exec', 'echo one']);
  const before = await readdir(folder);
  expect(before).toHaveLength(1);
  // The listener and its watchdog alike, none before the others know.
  for (const { pid } of await listProcessesWith(`WHERE=${folder}`)) sendSignal(pid, 'SIGSTOP');
  for (const { pid } of await listProcessesWith(`WHERE=${folder}`)) sendSignal(pid, 'SIGKILL');
  await withDeadline(first.exited, 10_000, 'the first is gone');
  // It may have been between two requests, with no connection to be seen closing: then its silence must tell.
  await waitForState(client, 'the relay does not expect it back', isGone, 75_000);
  await listen('export TMPDIR="$WHERE"');
  expect((await run(['exec', 'echo two'])).text).toBe('two\n');
  const after = await readdir(folder);
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
});

const canBecomeNobody =
  process.getuid?.() === 0 &&
  spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'bash', '-c', 'true']).status === 0;

test.skipIf(!canBecomeNobody)('as a user without rights, who has no home', async () => {
  const { client, folder, listen, run } = await setUp();
  await chmod(folder, 0o777);
  await listen(
    'export TMPDIR="$WHERE" HOME=/nonexistent; cd /',
    'setpriv --reuid=65534 --regid=65534 --clear-groups bash',
  );
  const state = await waitForState(client, 'it is attached', ({ listener }) => listener !== null);
  expect(state.listener).toMatchObject({ user: 'nobody', attached: true });
  expect(await run(['exec', 'id -u; echo no >&2; exit 4'])).toMatchObject({
    exitCode: 4,
    text: '65534\n',
    stderr: 'no\n',
  });
});
