import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFailed, onTestFinished } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { type Gate, makeGate } from '../harness/gate.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Remote, startRemote } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

/** A file to which commands append a line when they run: it shows which commands ran, independent of what the relay reports. */
export type Ledger = { path: string; folder: string; lines: () => Promise<string[]> };

export async function makeLedger(): Promise<Ledger> {
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'ledger');
  await writeFile(path, '');
  const lines = async () => (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return { path, folder: folder.path, lines };
}

export async function openGate({ folder }: Ledger): Promise<Gate> {
  const gate = await forTest(makeGate(folder));
  return gate;
}

/** Starts a relay behind a fault proxy; its public URL, and so the lines to paste, point to the proxy. */
export async function startBehindProxy(): Promise<{ proxy: FaultProxy; relay: Relay; url: string }> {
  const proxy = await forTest(startFaultProxy());
  onTestFailed(() => console.error(proxy.report()));
  const relay = await forTest(startRelay({ flags: ['--public-url', proxy.url] }));
  proxy.aim(relay);
  return { proxy, relay, url: proxy.url };
}

/** Starts a client with a session and an auto listener; both use the URL. */
export async function startRemoteFor(relay: { url: string }, env?: Record<string, string>): Promise<Remote> {
  const remote = await forTest(startRemote(relay, env));
  onTestFailed(() => console.error(`the listener printed:\n${remote.listener.output().slice(-3_000)}`));
  return remote;
}

export type Running = CapturedProcess;

/** Starts `remotify ARGS…` in the background; killed at the end of the test. */
export function startFor(remote: Remote, args: readonly string[]): Running {
  const cli = remote.start(args);
  onTestFinished(() => void cli.child.kill('SIGKILL'));
  onTestFailed(() => console.error(`remotify ${args.join(' ').slice(0, 60)} printed: ${cli.stderr()}`));
  return cli;
}

export const hasPrinted = (cli: Running, text: string) =>
  eventually(`exec prints ${text}`, 20_000, () => cli.stdout().includes(text));

export async function waitForEnd(cli: Running, name: string, ms = 60_000) {
  const { code } = await withDeadline(cli.closed, ms, name);
  return { code, text: cli.stdout().toString('utf8'), stderr: cli.stderr() };
}

export type Turn = { word: string; text: string; exitCode: number | null; stderr: string };

/**
 * Runs `clients` clients in parallel on one session, each with `commands` commands one after the other. Each command prints a unique
 * word and appends it to the ledger.
 */
export async function runClients(
  remote: Remote,
  { clients, commands, ledger }: { clients: number; commands: number; ledger: Ledger },
): Promise<Turn[][]> {
  const runOne = async (client: number): Promise<Turn[]> => {
    const turns: Turn[] = [];
    for (let nth = 0; nth < commands; nth += 1) {
      const word = `CLIENT-${client} ${nth}`;
      const script = `echo ${word}; echo ${word} >>'${ledger.path}'`;
      const { text, exitCode, stderr } = await remote.run(['exec', script], { deadlineMs: 120_000 });
      turns.push({ word, text, exitCode, stderr });
    }
    return turns;
  };
  return Promise.all(Array.from({ length: clients }, (_, client) => runOne(client)));
}
