/** Copies one large file through a proxy that holds the bytes in the middle, so that a test can kill a process there. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { startListener } from '../harness/listener.ts';
import { readSession, waitForState } from '../harness/remote.ts';
import { type Direction, startStallingProxy } from '../harness/stalling-proxy.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import type { CpReport } from './cp-site.ts';
import { hashFile, writeSeededFile } from './seeded-file.ts';
import { forTest } from '../harness/for-test.ts';

export type CutOptions = {
  size: number;
  deadlineMs: number;
  /** Whose bytes the proxy holds: by default the client's. The other side connects to the relay directly. */
  behind?: 'client' | 'listener';
};

export async function setUpCut(way: Direction, { size, deadlineMs, behind = 'client' }: CutOptions) {
  // Behind the proxy, a listener sends the bytes of a download up to the relay, and receives those of an upload.
  const held: Direction = behind === 'client' ? way : way === 'up' ? 'down' : 'up';
  const relay = await startLastingRelay();
  const proxy = await forTest(startStallingProxy(relay));
  const folder = await forTest(makeTemporaryFolder());
  const client = await forTest(makeClient(relay));
  const own = await client.makeSession('--auto');
  const line = behind === 'client' ? own : own.replace(relay.url, proxy.url);
  const url = behind === 'client' ? proxy.url : relay.url;
  const listen = async () => {
    const one = await forTest(startListener(line));
    await waitForState(client, 'listener attached', (state) => state.listener?.attached === true, 40_000);
    return one;
  };
  const listener = await listen();
  const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')];
  await mkdir(from);
  await mkdir(to);
  const source = join(from, 'large');
  let sha256 = await writeSeededFile(source, size);
  const { key } = await readSession(client.configDir);
  const args = way === 'up' ? [source, `:${to}/large`] : [`:${source}`, join(to, 'large')];

  const start = (): CapturedProcess => {
    const cp = client.start(['cp', '--json', ...args], { REMOTIFY_URL: url, REMOTIFY_KEY: key });
    onTestFinished(() => void cp.child.kill('SIGKILL'));
    return cp;
  };
  /** Starts cp, and waits until the proxy holds its bytes. No file has the name of the target then. */
  const startToMiddle = async (): Promise<CapturedProcess> => {
    proxy.holdAfter(held, size / 2);
    const cp = start();
    await eventually('the transfer is in its middle', deadlineMs, () => {
      if (!cp.isRunning()) throw new Error(`cp ended: ${cp.stderr()}${cp.stdout().toString()}`);
      return proxy.isHolding(held);
    });
    expect(await readdir(to)).not.toContain('large');
    return cp;
  };
  const ended = (cp: CapturedProcess) => withDeadline(cp.closed, deadlineMs, 'cp ends');
  /** Expects success, the bytes of the source, and no other file in the folder. */
  const expectWhole = async (cp: CapturedProcess): Promise<CpReport> => {
    const { code } = await ended(cp);
    expect(code, cp.stderr() + cp.stdout().toString()).toBe(0);
    const report = JSON.parse(cp.stdout().toString()) as CpReport;
    expect(report).toMatchObject({ files: 1, bytes: size, sha256, verified: true });
    expect(await hashFile(join(to, 'large'))).toBe(sha256);
    expect(await readdir(to)).toEqual(['large']);
    return report;
  };
  const expectWholeOrNone = async (): Promise<void> => {
    if ((await readdir(to)).includes('large')) expect(await hashFile(join(to, 'large'))).toBe(sha256);
  };
  const changeSource = async () => {
    sha256 = await writeSeededFile(source, size, 'another');
  };
  return {
    relay,
    proxy,
    client,
    key,
    source,
    sha256,
    args,
    to,
    listener,
    listen,
    start,
    startToMiddle,
    ended,
    expectWhole,
    expectWholeOrNone,
    changeSource,
  };
}

export async function killHard(cp: CapturedProcess): Promise<void> {
  cp.child.kill('SIGKILL');
  await withDeadline(cp.closed, 5_000, 'cp is killed');
}
