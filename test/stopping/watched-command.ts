import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import type { Client } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { listGroup } from '../harness/process-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

/** The parts of `remotify status --json` and `remotify cancel --json` that are about one command. */
export type CommandState = {
  id: string;
  state: string;
  exit_status: number | null;
  cancel_signal: string | null;
};

export type Watched = {
  exec: CapturedProcess;
  /** The process group of the command. */
  group: number;
  /** The first signals that the command reported, one name on each line; empty when there was none yet. */
  signals: () => Promise<string>;
  /** The living processes of its group, and those that it started and that took their own group. */
  alive: () => Promise<number[]>;
};

/** The argument of a `sleep` that no other test uses: a little more than 300 s. */
export function oddSleep(): string {
  return `300.${randomInt(1e6, 1e7)}`;
}

/** Traps that show the test which signals reach a shell: the shell writes the name of a signal, and then ends from it. */
function renderWitness(path: string, signals: readonly string[]): string {
  return signals
    .map((name) => `trap 'echo ${name} >>"${path}"; trap - ${name}; kill -s ${name} $$' ${name}\n`)
    .join('');
}

/** Starts `remotify exec ARGS… TREE`, and resolves once the shell of the tree runs on the remote and has set its traps. */
export async function startWatched(
  client: Client,
  tree: string,
  { args = [], witness = ['INT', 'TERM'] }: { args?: string[]; witness?: string[] } = {},
): Promise<Watched> {
  const folder = await forTest(makeTemporaryFolder());
  const groupFile = join(folder.path, 'group');
  const signalFile = join(folder.path, 'signals');
  const script = `${renderWitness(signalFile, witness)}echo $$ >'${groupFile}'\n${tree}`;
  const exec = client.start(['exec', ...args, script]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  const leader = await eventually(
    'the command runs',
    10_000,
    async () => Number(await readFile(groupFile, 'utf8')) || null,
  );
  const stat = await readFile(`/proc/${leader}/stat`, 'utf8');
  const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  return {
    exec,
    group,
    signals: () => readFile(signalFile, 'utf8').catch(() => ''),
    alive: () => listGroup(group),
  };
}

/** `remotify status ID --json`. */
export function readCommand(client: Client, id: string): Promise<CommandState> {
  return client.runJson<CommandState>('status', id);
}
