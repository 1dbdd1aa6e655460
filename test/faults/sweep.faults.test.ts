import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { listProcessesWith, sendSignal } from '../harness/process-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { listening } from '../harness/prompts.ts';

// At its start, a listener removes the folders of listeners that are known to be dead, and no other ones.

const relay = useRelay();

async function setUp() {
  const client = await forTest(makeClient(relay));
  const folder = await forTest(makeTemporaryFolder());
  const line = await client.makeSession('--auto');
  const listen = async (bash = 'bash') => {
    const own = line.replace('| bash', `| TMPDIR="$WHERE" ${bash}`);
    const listener = await forTest(startListener(own, { WHERE: folder.path }));
    return listener;
  };
  return { ...client, folder: folder.path, listen };
}

const hasProc = spawnSync('test', ['-r', '/proc/sys/kernel/random/boot_id']).status === 0;

/** This boot and process namespace, as a listener writes it to its owner file. */
async function readSpace(): Promise<string> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return `${boot}.${(await readlink('/proc/self/ns/pid')).replaceAll(/\D/g, '')}`;
}

/** Start time of a process, in ticks since the boot. */
async function readStart(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

const host = hostname().replaceAll(/[^A-Za-z0-9._-]/g, '_');

/** Creates the folder of a listener that was killed together with its watchdog. Its process ids are of an ended process, except `pid`. */
async function leaveFolder(path: string, given: Record<string, string | number> = {}): Promise<void> {
  const ended = spawn('true');
  await once(ended, 'close');
  const own = { host, pid: ended.pid, space: await readSpace(), start: '123', ...given };
  await mkdir(path);
  await writeFile(join(path, 'owner'), `${own.host} ${own.pid} ${ended.pid} ${own.space} ${own.start} 124\n`);
  await writeFile(join(path, 'stdout'), 'left');
}

test.skipIf(!hasProc)(
  'a listener starts: it removes the folders of dead listeners, and no other file',
  async () => {
    const { folder, listen, run } = await setUp();
    const at = (name: string) => join(folder, `remotify.${name}`);
    const start = await readStart(process.pid);
    await leaveFolder(at('deadDEAD01'));
    // Another process has the same id by now.
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
    // Two were removed, and its own folder was added.
    expect(after).toHaveLength(before.length - 1);
    expect(await readdir(join(folder, 'precious'))).toEqual(['owner', 'stdout']);
  },
);

const canUnshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

test.skipIf(!canUnshare).each([
  ['a container with a /proc of its own', 'unshare --pid --fork --mount-proc bash'],
  ['a container with the /proc of its host', 'unshare --pid --fork bash'],
])(
  'a listener starts in %s: it keeps the folder of a live listener outside; and vice versa',
  async (_title, bash) => {
    const outer = await setUp();
    const first = await outer.listen();
    expect((await outer.run(['exec', 'echo one'])).text).toBe('one\n');
    const [own] = await readdir(outer.folder);
    const inner = await forTest(makeClient(relay));
    const line = (await inner.makeSession('--auto')).replace('| bash', `| TMPDIR='${outer.folder}' ${bash}`);
    const second = await forTest(startListener(line, { WHERE: outer.folder }));
    expect((await inner.run(['exec', 'echo two'])).text).toBe('two\n');
    expect(await readdir(outer.folder)).toContain(own);
    expect((await outer.run(['exec', 'echo three'])).text).toBe('three\n');
    // A third listener, outside, must keep the folder of the one in the container.
    const both = await readdir(outer.folder);
    expect(both).toHaveLength(2);
    const third = await forTest(makeClient(relay));
    const thirdLine = await third.makeSession('--auto');
    await forTest(startListener(thirdLine.replace('| bash', `| TMPDIR='${outer.folder}' bash`)));
    expect((await third.run(['exec', 'echo four'])).text).toBe('four\n');
    expect(await readdir(outer.folder)).toEqual(expect.arrayContaining(both));
    expect([first.isRunning(), second.isRunning()]).toEqual([true, true]);
  },
);

test.skipIf(!hasProc)(
  'all processes of a listener are killed: the next listener removes its folder',
  {
    timeout: 120_000,
  },
  async () => {
    const { folder, listen, run } = await setUp();
    const first = await listen();
    await run(['exec', 'echo one']);
    const before = await readdir(folder);
    expect(before).toHaveLength(1);
    // Stop all processes first, so that neither listener nor watchdog can react to the kill of another one.
    for (const { pid } of await listProcessesWith(`WHERE=${folder}`)) sendSignal(pid, 'SIGSTOP');
    for (const { pid } of await listProcessesWith(`WHERE=${folder}`)) sendSignal(pid, 'SIGKILL');
    await withDeadline(first.exited, 10_000, 'the first listener ends');
    const second = await listen();
    // Where the relay saw no connection close, it notices only after the listener timeout.
    await eventually('the second listener is connected', 90_000, () => second.output().includes(listening));
    expect((await run(['exec', 'echo two'])).text).toBe('two\n');
    const after = await eventually('the folder is removed', 10_000, async () => {
      const names = await readdir(folder);
      return names.length === 1 ? names : undefined;
    });
    expect(after).not.toEqual(before);
  },
);
