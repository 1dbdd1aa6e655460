import { once } from 'node:events';
import { access, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { claimFolder, FolderTaken } from '../../src/store/claim-folder.ts';
import { ClaimSocket } from '../../src/store/claim-socket.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import {
  canUnshare,
  claimSource,
  containerWithNetwork,
  flood,
  listSockets,
  makeFolder,
  makeStaleSocket,
  startClaimant,
  tsx,
} from './claim-kit.ts';
import { makeSession } from './store-kit.ts';

/** Claims the folder for this process; the claim is released after the test. */
async function claim(folder: string): Promise<() => Promise<void>> {
  const release = await claimFolder(folder);
  onTestFinished(release);
  return release;
}

const takenBy = (pid: number, folder: string): string =>
  `another relay (pid ${pid} on ${hostname()}) is already using ${folder}`;

/** The folder's only socket. */
async function findSocket(folder: string): Promise<string> {
  const [name = '', ...more] = await listSockets(folder);
  expect(more).toEqual([]);
  return join(folder, name);
}

test('a folder that another process holds: the claim fails with the pid and host of the holder', async () => {
  const folder = await makeFolder();
  const other = await startClaimant(folder);
  expect(await other.claim()).toBeUndefined();
  await expect(openFileStore(folder, { warn: () => undefined })).rejects.toThrow(takenBy(other.pid, folder));
  await expect(claimFolder(folder)).rejects.toThrow(FolderTaken);
  expect(await listSockets(folder)).toHaveLength(1);
});

test('a folder that this process holds: the claim of another process fails', async () => {
  const folder = await makeFolder();
  const store = await openFileStore(folder, { warn: () => undefined });
  onTestFinished(() => store.close());
  expect((await stat(await findSocket(folder))).mode & 0o777).toBe(0o600);
  expect(await (await startClaimant(folder)).claim()).toBe(takenBy(process.pid, folder));
});

test('a folder whose holder was killed: the claim succeeds and removes the stale socket file', async () => {
  const folder = await makeFolder();
  const other = await startClaimant(folder);
  expect(await other.claim()).toBeUndefined();
  const before = await listSockets(folder);
  await other.kill();
  expect(await listSockets(folder)).toEqual(before);
  const store = await openFileStore(folder, { warn: () => undefined });
  onTestFinished(() => store.close());
  expect(await listSockets(folder)).not.toEqual(before);
  await findSocket(folder);
  await store.create(makeSession());
});

test('a released folder: it is empty, and another process can claim it', async () => {
  const folder = await makeFolder();
  const release = await claim(folder);
  await release();
  await release();
  expect(await readdir(folder)).toEqual([]);
  expect(await (await startClaimant(folder)).claim()).toBeUndefined();
});

test('two claims of one process: the folder is free once both are released', async () => {
  const folder = await makeFolder();
  const [first, second] = [await claim(folder), await claim(folder)];
  const other = await startClaimant(folder);
  await first();
  expect(await other.claim()).toBe(takenBy(process.pid, folder));
  await second();
  expect(await other.claim()).toBeUndefined();
});

test('a holder that is stopped (SIGSTOP) still holds the folder', async () => {
  const folder = await makeFolder();
  const other = await startClaimant(folder);
  expect(await other.claim()).toBeUndefined();
  other.signal('SIGSTOP');
  await expect(claimFolder(folder)).rejects.toThrow(`another relay is already using ${folder}`);
  other.signal('SIGCONT');
  await eventually('the holder answers again', 5_000, async () => {
    await expect(claimFolder(folder)).rejects.toThrow(takenBy(other.pid, folder));
    return true;
  });
});

test('a holder that is stopped (SIGSTOP) with a full connection queue still holds the folder', async () => {
  const folder = await makeFolder();
  const other = await startClaimant(folder);
  expect(await other.claim()).toBeUndefined();
  other.signal('SIGSTOP');
  await flood(await findSocket(folder), 600);
  await expect(claimFolder(folder)).rejects.toThrow(FolderTaken);
});

test('a process that does not release its claim: it still ends by itself', async () => {
  const folder = await makeFolder();
  const program = `await (await import(${JSON.stringify(claimSource)})).claimFolder(${JSON.stringify(folder)})`;
  const args = ['--import', tsx, '--input-type=module', '-e', program];
  const child = spawnCaptured(process.execPath, args, { env: cleanEnvironment(folder) });
  onTestFinished(() => void child.child.kill('SIGKILL'));
  expect(await withDeadline(child.exited, 10_000, 'the process ends')).toEqual({ code: 0, signal: null });
  await claim(folder);
});

test('200 connections that send garbage and never close: the holder answers, and releases the folder', async () => {
  const folder = await makeFolder();
  const other = await startClaimant(folder);
  expect(await other.claim()).toBeUndefined();
  const sockets = await flood(await findSocket(folder), 200);
  for (const socket of sockets) socket.pause().write(Buffer.alloc(100_000, 'garbage\n'));
  await expect(claimFolder(folder)).rejects.toThrow(takenBy(other.pid, folder));
  await withDeadline(other.release(), 5_000, 'the holder releases the folder');
  await claim(folder);
});

test.each([
  ['garbage', 'garbage\n'],
  ['a number', '5\n'],
  ['null', 'null\n'],
  ['an unfinished line', '{"holds":'],
  ['endless text', 'x'.repeat(100_000)],
  ['an invalid pid and host', '{"pid":"1","host":"a\\u001b[2J b","holds":true}\n'],
])('a socket that answers %s: the folder counts as taken by an unknown relay', async (_name, answer) => {
  const folder = await makeFolder();
  const server = createServer((socket) => socket.on('error', () => undefined).end(answer));
  onTestFinished(() => void server.close());
  await once(server.listen(join(folder, 'claim-0.sock')), 'listening');
  await expect(claimFolder(folder)).rejects.toThrow(`another relay is already using ${folder}`);
});

interface Starter {
  /** How often it was probed. */
  asked: () => number;
  withdraw: () => void;
}

/** Creates the socket of another relay that is starting. */
async function startStarter(folder: string, name: string): Promise<Starter> {
  let asked = 0;
  const server = createServer((socket) => {
    asked += 1;
    socket.end('{"pid":1,"host":"a","holds":false}\n');
  });
  const withdraw = () => void server.close();
  onTestFinished(withdraw);
  await once(server.listen(join(folder, name)), 'listening');
  return { asked: () => asked, withdraw };
}

/** Runs `act` when the next claim has created its socket but has not looked for other sockets yet. */
function onceListening(act: (path: string) => Promise<void>): void {
  const listen = ClaimSocket.listen.bind(ClaimSocket);
  const spy = vi.spyOn(ClaimSocket, 'listen').mockImplementationOnce(async (folder) => {
    const socket = await listen(folder);
    await act(folder.address(socket.name));
    return socket;
  });
  onTestFinished(() => spy.mockRestore());
}

test('another relay is starting: a claim waits, without a socket, until the other relay withdraws', async () => {
  const folder = await makeFolder();
  const starter = await startStarter(folder, 'claim-0.sock');
  const claiming = claim(folder);
  await eventually('the other relay is probed more than once', 5_000, () => starter.asked() > 1);
  expect(await listSockets(folder)).toEqual(['claim-0.sock']);
  starter.withdraw();
  await withDeadline(claiming, 5_000, 'the folder is claimed');
});

test.each([
  ['lower', 'claim-.sock', false],
  ['higher', 'claim-z.sock', true],
])(
  'two relays start at once, the other one has the %s socket name: the lower name keeps its socket',
  async (_name, name, isKept) => {
    const folder = await makeFolder();
    // This stale file stays until a relay holds the folder.
    await makeStaleSocket(folder, 'claim-zz.sock');
    let starter: Starter | undefined;
    let path = '';
    onceListening(async (socketPath) => {
      path = socketPath;
      starter = await startStarter(folder, name);
    });
    const claiming = claim(folder);
    await eventually('the other relay is probed more than once', 5_000, () => (starter?.asked() ?? 0) > 1);
    const sockets = (await listSockets(folder)).map((found) => join(folder, found));
    expect(sockets.toSorted()).toEqual(
      [...(isKept ? [path] : []), join(folder, name), join(folder, 'claim-zz.sock')].toSorted(),
    );
    starter?.withdraw();
    await withDeadline(claiming, 5_000, 'the folder is claimed');
    expect((await findSocket(folder)) === path).toBe(isKept);
  },
);

test.each(['lower', 'higher'])(
  'a starting relay with a %s socket name neither holds nor withdraws: the claim gives up',
  async (name) => {
    const folder = await makeFolder();
    let starter: Starter | undefined;
    onceListening(async () => {
      starter = await startStarter(folder, name === 'lower' ? 'claim-.sock' : 'claim-z.sock');
    });
    const refused = expect(claimFolder(folder)).rejects.toThrow(`another relay is already using ${folder}`);
    await eventually('the other relay is probed more than once', 5_000, () => (starter?.asked() ?? 0) > 1);
    const later = performance.now() + 20_000;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => later);
    onTestFinished(() => clock.mockRestore());
    await withDeadline(refused, 5_000, 'the claim gives up');
    expect(await listSockets(folder)).toHaveLength(1);
  },
);

test('another relay gets the folder at the same time: the claim fails and removes its own socket', async () => {
  const folder = await makeFolder();
  const other = await startClaimant(folder);
  let held: string[] = [];
  onceListening(async (path) => {
    // The other process gets the folder only while this socket is hidden.
    await rename(path, `${path}.hidden`);
    expect(await other.claim()).toBeUndefined();
    held = await listSockets(folder).then((names) => names.filter((name) => name.endsWith('.sock')));
    await rename(`${path}.hidden`, path);
  });
  await expect(claimFolder(folder)).rejects.toThrow(takenBy(other.pid, folder));
  expect(await listSockets(folder)).toEqual(held);
});

test('a holder removes the socket file before this relay listens: the claim starts over', async () => {
  const folder = await makeFolder();
  onceListening((path) => rm(path));
  await claim(folder);
  await findSocket(folder);
  expect(await (await startClaimant(folder)).claim()).toBe(takenBy(process.pid, folder));
});

test('a refused claim removes no file of another relay', async () => {
  const folder = await makeFolder();
  const other = await startClaimant(folder);
  expect(await other.claim()).toBeUndefined();
  await makeStaleSocket(folder, 'claim-0.sock');
  const before = await listSockets(folder);
  await expect(claimFolder(folder)).rejects.toThrow(FolderTaken);
  expect(await listSockets(folder)).toEqual(before);
});

test('a running relay of the last version (pid file): the claim fails, and the pid file stays', async () => {
  const folder = await makeFolder();
  await writeFile(join(folder, 'relay.pid'), '1\n');
  const message = `another relay (pid 1) is already using ${folder}`;
  await expect(openFileStore(folder, { warn: () => undefined })).rejects.toThrow(message);
  expect(await readdir(folder)).toEqual(['relay.pid']);
});

test.each([
  ['its own pid, as after the restart of a container', `${process.pid}\n`],
  ['nothing', ''],
  ['text instead of a number', 'abc\n'],
  ['a pid without a process', '4194999\n'],
  ['pid 0, which means the own process group', '0\n'],
  ['a negative number, which means a process group', '-1\n'],
  ['the pid of a process with another start time', '1 123456789\n'],
])('a pid file of the last version with %s: it is stale and removed', async (_name, content) => {
  const folder = await makeFolder();
  await writeFile(join(folder, 'relay.pid'), content);
  await claim(folder);
  await expect(access(join(folder, 'relay.pid'))).rejects.toThrow('ENOENT');
});

test.each([
  ['200 characters', 200, 'a'],
  ['the longest address', 103 - '/claim-0123456789abcdef.sock'.length, 'a'],
  ['one more than the longest address', 104 - '/claim-0123456789abcdef.sock'.length, 'a'],
  ['80 two-byte characters, too long only in bytes', 80, 'é'],
])('a path of %s: claim, refusal and release work', async (_name, length, letter) => {
  const parent = await makeFolder();
  const folder = join(parent, letter.repeat(length - parent.length - 1));
  await mkdir(folder);
  const release = await claim(folder);
  await findSocket(folder);
  const other = await startClaimant(folder);
  expect(await other.claim()).toBe(takenBy(process.pid, folder));
  await release();
  expect(await readdir(folder)).toEqual([]);
  // A truncated path would have put the socket into the parent.
  expect(await readdir(parent)).toHaveLength(1);
  expect(await other.claim()).toBeUndefined();
});

// In /sys root has write permission, but no file can be created.
test.skipIf(process.getuid?.() !== 0)('a file system without sockets: the error says so', async () => {
  await expect(claimFolder('/sys')).rejects.toThrow(
    '/sys cannot hold a unix socket, which the relay needs to lock the folder; choose another with --store (EPERM)',
  );
});

test('a missing folder: the error has the code ENOENT', async () => {
  await expect(claimFolder(join(await makeFolder(), 'none'))).rejects.toHaveProperty('code', 'ENOENT');
});

const contestants = 12;

test('12 processes claim a folder with stale files at once: one gets it, the others name the holder', {
  timeout: 120_000,
}, async () => {
  const folder = await makeFolder();
  let all = await Promise.all(Array.from({ length: contestants }, () => startClaimant(folder)));
  for (let round = 0; round < 8; round += 1) {
    for (const stale of ['claim-0000000000000000.sock', 'claim-8.sock', 'claim-f.sock'])
      await makeStaleSocket(folder, stale);
    await writeFile(join(folder, 'relay.pid'), '4194999\n');
    const answers = await Promise.all(all.map((one) => one.claim()));
    const [holder, ...more] = all.filter((_one, index) => answers[index] === undefined);
    if (holder === undefined || more.length > 0) expect(answers).toBe('one undefined');
    const refusals = answers.filter((answer) => answer !== undefined);
    expect(new Set(refusals)).toEqual(new Set([takenBy(holder?.pid ?? 0, folder)]));
    // All stale files are gone, including those of relays that withdrew.
    await findSocket(folder);
    if (round % 2 === 0) {
      await holder?.release();
      continue;
    }
    // The holder is killed while the others claim: one of them gets the folder, or all probed it before the kill.
    all = all.filter((one) => one !== holder);
    const claims = all.map((one) => one.claim());
    await holder?.kill();
    const late = await Promise.all(claims);
    const holders = all.filter((_one, index) => late[index] === undefined);
    expect(holders.length).toBeLessThan(2);
    await holders[0]?.release();
  }
});

test.skipIf(!canUnshare)(
  'a holder in other PID, mount and network namespaces: claims in other namespaces and in ours fail',
  async () => {
    const folder = await makeFolder();
    const [first, second] = await Promise.all([
      startClaimant(folder, containerWithNetwork),
      startClaimant(folder, containerWithNetwork),
    ]);
    expect(await first.claim()).toBeUndefined();
    expect(await second.claim()).toBe(takenBy(1, folder));
    await expect(claimFolder(folder)).rejects.toThrow(takenBy(1, folder));
    await first.kill();
    // The relay in the container ends a moment after `unshare`.
    await eventually('the folder is free', 5_000, async () => (await second.claim()) === undefined);
    await expect(claimFolder(folder)).rejects.toThrow(takenBy(1, folder));
  },
);
