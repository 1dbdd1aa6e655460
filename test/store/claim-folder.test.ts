import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import { withDeadline } from '../harness/deadline.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { makeSession } from './store-kit.ts';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const source = new URL('../../src/store/file-store.ts', import.meta.url).href;

async function makeFolder(): Promise<string> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  return join(folder.path, 'store');
}

/** The pid in the folder; a start time may follow it. */
async function readHolder(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'relay.pid'), 'utf8'), 10);
}

/** Another process with the store open, until it is killed. */
async function openElsewhere(folder: string): Promise<ChildProcess & { pid: number }> {
  const program = `
    const { openFileStore } = await import(${JSON.stringify(source)});
    try {
      await openFileStore(${JSON.stringify(folder)}, () => undefined);
      process.send('open');
      setInterval(() => undefined, 1000);
    } catch (error) {
      process.send(error.message);
    }
  `;
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', program], {
    stdio: [...stdio],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [message] = (await withDeadline(
    once(child, 'message'),
    20_000,
    'the other process opens the store',
  )) as [string];
  if (message !== 'open') throw new Error(message);
  return Object.assign(child, { pid: child.pid ?? 0 });
}

test('a folder that another process uses is refused with the pid of that one', async () => {
  const folder = await makeFolder();
  const other = await openElsewhere(folder);
  const message = `a relay that runs (pid ${other.pid}) already uses ${folder}`;
  await expect(openFileStore(folder, () => undefined)).rejects.toThrow(message);
  expect(await readHolder(folder)).toBe(other.pid);
});

test('a folder that this process uses is refused to another one', async () => {
  const folder = await makeFolder();
  const store = await openFileStore(folder, () => undefined);
  onTestFinished(() => store.close());
  await expect(openElsewhere(folder)).rejects.toThrow(`(pid ${process.pid}) already uses ${folder}`);
});

test('a folder whose user was killed is taken over with what is in it', async () => {
  const folder = await makeFolder();
  const other = await openElsewhere(folder);
  const killed = once(other, 'exit');
  other.kill('SIGKILL');
  await withDeadline(killed, 5_000, 'the other process ends');
  const store = await openFileStore(folder, () => undefined);
  onTestFinished(() => store.close());
  expect(await readHolder(folder)).toBe(process.pid);
  await store.create(makeSession());
});

test.each([
  ['its own pid, as a container that starts again has it', `${process.pid}\n`],
  ['nothing', ''],
  ['no number', 'abc\n'],
  ['a pid that nobody has', '4194999\n'],
  ['zero, which would be every process of the group', '0\n'],
  ['a negative number, which would be a group', '-1\n'],
  ['the pid of a process that began at another time', '1 123456789\n'],
])('a pid file with %s is stale', async (_name, content) => {
  const folder = await makeFolder();
  await mkdir(folder);
  await writeFile(join(folder, 'relay.pid'), content);
  const store = await openFileStore(folder, () => undefined);
  onTestFinished(() => store.close());
  expect(await readHolder(folder)).toBe(process.pid);
});

test('a process of somebody else is a process all the same', async () => {
  const folder = await makeFolder();
  await mkdir(folder);
  await writeFile(join(folder, 'relay.pid'), '1\n');
  await expect(openFileStore(folder, () => undefined)).rejects.toThrow('(pid 1)');
});

test('a folder is free once its store was closed', async () => {
  const folder = await makeFolder();
  const store = await openFileStore(folder, () => undefined);
  await store.close();
  const other = await openElsewhere(folder);
  expect(other.pid).toBeGreaterThan(0);
});

test('a folder that was taken over by another is not freed by the one before', async () => {
  const folder = await makeFolder();
  const store = await openFileStore(folder, () => undefined);
  await writeFile(join(folder, 'relay.pid'), '1\n');
  await store.close();
  expect(await readHolder(folder)).toBe(1);
});
