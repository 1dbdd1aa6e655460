import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Exit, spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { withDeadline } from './deadline.ts';
import { endProcessSession, listProcessesWith, type RunningProcess, sendSignal } from './process-session.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export type Listener = {
  /** Also the id of its process group and terminal session. */
  pid: number;
  /** TMPDIR of all its child processes. */
  temporaryFolder: string;
  /** Its output so far, stdout and then stderr. */
  output: () => string;
  isRunning: () => boolean;
  exited: Promise<Exit>;
  /** All its child processes that still run, also commands in terminal sessions of their own. */
  processes: () => Promise<RunningProcess[]>;
  /** The pid of the bash at the end of `curl … | bash`. Throws if it has not started yet. */
  findRunner: () => Promise<number>;
  /** Sends TERM to the group, then KILL to the processes that are left, then cleans up. */
  stop: () => Promise<void>;
};

/** Adds `?mode=auto` to the URL in the line to paste, as the legacy relay documents it. */
export function asAuto(line: string): string {
  const auto = line.replace(/(\/r\/[0-9a-f]{32})(?=['"\s])/, '$1?mode=auto');
  if (auto === line) throw new Error(`no runner URL in the line to paste: ${line}`);
  return auto;
}

/** Runs the line to paste in bash, in a process group of its own and without a terminal. */
export async function startListener(line: string, env: Record<string, string> = {}): Promise<Listener> {
  const home = await makeTemporaryFolder();
  const temporaryFolder = join(home.path, 'tmp');
  await mkdir(temporaryFolder);
  const bash = spawnCaptured('bash', ['-c', line], {
    env: cleanEnvironment(home.path, { TMPDIR: temporaryFolder, ...env }),
    detached: true,
  });
  const processes = () => listProcessesWith(`TMPDIR=${temporaryFolder}`);
  const findRunner = async () => {
    const runner = (await processes()).find((one) => one.parent === bash.pid && one.commandLine === 'bash');
    if (!runner) throw new Error(`no runner: ${JSON.stringify(await processes())}`);
    return runner.pid;
  };
  const stop = async () => {
    sendSignal(-bash.pid, 'SIGTERM');
    await withDeadline(bash.exited, 5_000, 'the listener ends on SIGTERM').catch(() => {});
    // The shell ends at once; the runner after its pipe still has to clean up.
    await endProcessSession(bash.pid, 3_000);
    for (const { pid } of await processes()) sendSignal(pid, 'SIGKILL');
    bash.child.stdout?.destroy();
    bash.child.stderr?.destroy();
    await home.remove();
  };
  return {
    pid: bash.pid,
    temporaryFolder,
    output: () => bash.stdout().toString('utf8') + bash.stderr(),
    isRunning: bash.isRunning,
    exited: bash.exited,
    processes,
    findRunner,
    stop,
  };
}
