import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { listProcessesWith, sendSignal } from '../harness/process-session.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

// A start removes the folders of listeners that are known to be dead, and no other.

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay();
  return relay.stop;
});

async function setUp() {
  const client = await makeClient(relay);
  onTestFinished(client.remove);
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const line = await client.makeSession('--auto');
  const listen = async (bash = 'bash') => {
    const own = line.replace('| bash', `| TMPDIR="$WHERE" ${bash}`);
    const listener = await startListener(own, { WHERE: folder.path });
    onTestFinished(listener.stop);
    return listener;
  };
  return { ...client, folder: folder.path, listen };
}

const hasProc = spawnSync('test', ['-r', '/proc/sys/kernel/random/boot_id']).status === 0;

/** This boot and process namespace, as a listener writes it down. */
async function readSpace(): Promise<string> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return `${boot}.${(await readlink('/proc/self/ns/pid')).replaceAll(/\D/g, '')}`;
}

/** When a process was started, in ticks since the boot. */
async function readStart(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

const host = hostname().replaceAll(/[^A-Za-z0-9._-]/g, '_');

/** What a listener that was killed together with its watchdog left. The processes are one that has ended, unless `pid` is given. */
async function leaveFolder(path: string, given: Record<string, string | number> = {}): Promise<void> {
  const ended = spawn('true');
  await once(ended, 'close');
  const own = { host, pid: ended.pid, space: await readSpace(), start: '123', ...given };
  await mkdir(path);
  await writeFile(join(path, 'owner'), `${own.host} ${own.pid} ${ended.pid} ${own.space} ${own.start} 124\n`);
  await writeFile(join(path, 'stdout'), 'left');
}

test.skipIf(!hasProc)('the folder of a dead listener is removed, and nothing else is', async () => {
  const { folder, listen, run } = await setUp();
  const at = (name: string) => join(folder, `remotify.${name}`);
  const start = await readStart(process.pid);
  await leaveFolder(at('deadDEAD01'));
  // Another process has its number by now.
  await leaveFolder(at('reusedPID1'), { pid: process.pid });
  await leaveFolder(at('aliveALIVE'), { pid: process.pid, start });
  await leaveFolder(at('unknownSTA'), { pid: process.pid, start: '-' });
  await leaveFolder(at('elsewhere0'), { host: `not-${host}` });
  await leaveFolder(at('otherSPACE'), { space: `${(await readSpace()).replace(/\d+$/, '')}1` });
  await leaveFolder(at('otherBOOT1'), { space: (await readSpace()).replace(/^[^.]+/, 'another-boot') });
  await leaveFolder(at('noSPACE001'), { space: '-' });
  await leaveFolder(at('evaluated1'), { pid: 'x[$(touch hit)]' });
  await leaveFolder(at('longer00001'));
  await leaveFolder(join(folder, 'precious'));
  await symlink(join(folder, 'precious'), at('linkLINK01'));
  await mkdir(at('newborn001'));
  await mkdir(at('oldFORMAT1'));
  await writeFile(join(at('oldFORMAT1'), 'owner'), `${host} 999999 999998\n`);
  await writeFile(join(folder, 'remotify.afile00001'), '');
  const before = await readdir(folder);
  await listen();
  await run(['exec', 'true']);
  const after = await readdir(folder);
  expect(before.filter((name) => !after.includes(name)).toSorted()).toEqual([
    'remotify.deadDEAD01',
    'remotify.reusedPID1',
  ]);
  // Beside its own.
  expect(after).toHaveLength(before.length - 1);
  expect(await readdir(join(folder, 'precious'))).toEqual(['owner', 'stdout']);
});

const canUnshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

test.skipIf(!canUnshare).each([
  ['a container with a /proc of its own', 'unshare --pid --fork --mount-proc bash'],
  ['a container with the /proc of its host', 'unshare --pid --fork bash'],
])(
  'a start in %s leaves the folder of a live listener outside, and the other way round',
  async (_title, bash) => {
    const outer = await setUp();
    const first = await outer.listen();
    expect((await outer.run(['exec', 'echo one'])).text).toBe('one\n');
    const [own] = await readdir(outer.folder);
    const inner = await makeClient(relay);
    onTestFinished(inner.remove);
    const line = (await inner.makeSession('--auto')).replace('| bash', `| TMPDIR='${outer.folder}' ${bash}`);
    const second = await startListener(line, { WHERE: outer.folder });
    onTestFinished(second.stop);
    expect((await inner.run(['exec', 'echo two'])).text).toBe('two\n');
    expect(await readdir(outer.folder)).toContain(own);
    expect((await outer.run(['exec', 'echo three'])).text).toBe('three\n');
    // A third one, outside: that of the container is as alive.
    const both = await readdir(outer.folder);
    expect(both).toHaveLength(2);
    const third = await makeClient(relay);
    onTestFinished(third.remove);
    const thirdLine = await third.makeSession('--auto');
    const last = await startListener(thirdLine.replace('| bash', `| TMPDIR='${outer.folder}' bash`));
    onTestFinished(last.stop);
    expect((await third.run(['exec', 'echo four'])).text).toBe('four\n');
    expect(await readdir(outer.folder)).toEqual(expect.arrayContaining(both));
    expect([first.isRunning(), second.isRunning()]).toEqual([true, true]);
  },
);

test.skipIf(!hasProc)(
  'killed with all of its processes it leaves a folder, and the next start removes it',
  {
    timeout: 120_000,
  },
  async () => {
    const { folder, listen, run } = await setUp();
    const first = await listen();
    await run(['exec', 'echo one']);
    const before = await readdir(folder);
    expect(before).toHaveLength(1);
    // The listener and its watchdog alike, none before the others know.
    for (const { pid } of await listProcessesWith(`WHERE=${folder}`)) sendSignal(pid, 'SIGSTOP');
    for (const { pid } of await listProcessesWith(`WHERE=${folder}`)) sendSignal(pid, 'SIGKILL');
    await withDeadline(first.exited, 10_000, 'the first is gone');
    const second = await listen();
    // Where no connection was seen closing, the silence of the first must tell.
    await eventually('the second is let in', 90_000, () => second.output().includes('listening as'));
    expect((await run(['exec', 'echo two'])).text).toBe('two\n');
    const after = await eventually('the folder is removed', 10_000, async () => {
      const names = await readdir(folder);
      return names.length === 1 ? names : undefined;
    });
    expect(after).not.toEqual(before);
  },
);
