import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startSupervised } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';

/** Starts a supervised listener (`curl | bash`) in a real terminal, where the test types as the operator. Stopped after the test. */
export async function takeSeat(relay: { url: string }, env: Record<string, string> = {}) {
  const remote = await forTest(startSupervised(relay, env));
  const gate = await forTest(makeGate(remote.configDir));
  const trace = join(remote.configDir, 'trace');
  const ran = () =>
    access(trace).then(
      () => true,
      () => false,
    );
  /** Waits until the question was printed `count` times; returns the screen. */
  const waitForPrompt = (count = 1) =>
    eventually(`prompt ${count}`, 20_000, async () => {
      const transcript = await remote.terminal.transcript();
      const isThere = (transcript.match(/run it\? \[/g) ?? []).length === count;
      if (!isThere) throw new Error(`the terminal shows:\n${transcript}`);
      return remote.terminal.screen();
    });
  const startExec = (...args: string[]) => {
    const exec = remote.start(['exec', ...args]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    return exec;
  };
  return { ...remote, gate, trace, ran, waitForPrompt, startExec };
}

export const ended = (exec: CapturedProcess) => withDeadline(exec.closed, 20_000, 'exec ends');
