import { spawnSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes a shell command wait for the test. */
export type Gate = {
  /** Shell text that returns once the gate is open. */
  wait: string;
  /** Lets one waiting command continue. */
  open: () => Promise<void>;
  /** Lets all waiting commands continue. */
  close: () => Promise<void>;
};

/** Creates a fifo that the test holds open: a command that reads it waits without polling, and continues when the test ends. */
export async function makeGate(folder: string, name = 'gate'): Promise<Gate> {
  const path = join(folder, name);
  const made = spawnSync('mkfifo', [path], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mkfifo ${path}: ${made.stderr}`);
  // Opened for reading and writing, so that the open does not block.
  const handle = await open(path, 'r+');
  return {
    wait: `read -r _ <'${path}'`,
    open: async () => {
      await handle.write('\n');
    },
    close: () => handle.close(),
  };
}
