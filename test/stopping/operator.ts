import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { type SessionState, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { startTerminal, type Terminal } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';

export type Operator = Client & {
  terminal: Terminal;
  /** TMPDIR of the listener. */
  temporaryFolder: string;
  /** Starts `remotify exec ARGS…` with a command that writes into the ledger. */
  push: (...args: string[]) => CapturedProcess;
  ledger: () => Promise<string>;
  /** Waits until the n-th question is on the screen. */
  waitForQuestion: (count?: number) => Promise<void>;
};

const question = 'run it? [';

/** Pastes the line in a terminal, and resolves once its listener is attached. */
export async function openOperator(
  relay: { url: string },
  mode: 'supervised' | 'auto' = 'supervised',
): Promise<Operator> {
  const folder = await forTest(makeTemporaryFolder());
  const listenerFolder = await forTest(makeTemporaryFolder());
  const client = await forTest(makeClient(relay));
  const line = await client.makeSession(...(mode === 'auto' ? ['--auto'] : []));
  const terminal = await forTest(startTerminal(line, { env: { TMPDIR: listenerFolder.path } }));
  await waitForState(client, 'the listener is attached', isAttached);
  const path = join(folder.path, 'ledger');
  return {
    ...client,
    terminal,
    temporaryFolder: listenerFolder.path,
    push: (...args) => {
      const exec = client.start(['exec', ...args, `echo ran >>'${path}'; echo ran`]);
      onTestFinished(() => void exec.child.kill('SIGKILL'));
      return exec;
    },
    ledger: () => readFile(path, 'utf8').catch(() => ''),
    waitForQuestion: async (count = 1) => {
      await eventually(`question ${count} is on the screen`, 10_000, async () => {
        const screen = await terminal.transcript();
        if (screen.split(question).length - 1 !== count) throw new Error(`the terminal shows:\n${screen}`);
        return true;
      });
    },
  };
}

const isAttached = ({ listener }: SessionState): boolean => listener?.attached === true;
export const isGone = ({ listener }: SessionState): boolean => listener?.attached === false;

export function codeOf(exec: CapturedProcess, name: string, ms = 10_000): Promise<number | null> {
  return withDeadline(exec.closed, ms, name).then(({ code }) => code);
}

/** Expects that the listener prompts again, and runs the command that is approved. */
export async function expectServing(operator: Operator, questions: number): Promise<void> {
  const exec = operator.push();
  await operator.waitForQuestion(questions);
  await operator.terminal.type('y\n');
  expect(await codeOf(exec, 'the next command ends')).toBe(0);
  expect(exec.stdout().toString()).toBe('ran\n');
}
