import { spawnSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** A place in a shell command where it waits for the test. */
export type Gate = {
  /** Shell text that returns once the gate is open. */
  wait: string;
  /** Lets one command through. */
  open: () => Promise<void>;
  /** Lets everyone through who still waits. */
  close: () => Promise<void>;
};

/** A fifo, held open by the test: a reader of it waits without looking again and again, and is let go when the test ends. */
export async function makeGate(folder: string, name = 'gate'): Promise<Gate> {
  const path = join(folder, name);
  const made = spawnSync('mkfifo', [path], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mkfifo ${path}: ${made.stderr}`);
  // Read and write: opening it waits for nobody.
  const handle = await open(path, 'r+');
  return {
    wait: `read -r _ <'${path}'`,
    open: async () => {
      await handle.write('\n');
    },
    close: () => handle.close(),
  };
}
