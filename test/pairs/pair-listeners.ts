import { fileURLToPath } from 'node:url';
import { eventually } from '../harness/deadline.ts';
import { asAuto, type Listener, startListener } from '../harness/listener.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { startTerminal, type Terminal } from '../harness/tmux.ts';
import type { Pair } from './pair-clients.ts';

// The listeners: the script that the relay serves, and on a remotify relay also a legacy listener.

const script = fileURLToPath(new URL('../fixtures/legacy-listener.sh', import.meta.url));

export const cells = [
  { relay: 'a remotify relay', listener: 'its listener' },
  { relay: 'a remotify relay', listener: 'a legacy listener' },
  { relay: 'a legacy relay', listener: 'its listener' },
] as const;

export type Cell = (typeof cells)[number];

function lineFor({ listener }: Cell, { payload }: Pair, mode: 'auto' | 'supervised'): string {
  const { cmd, result } = payload.urls;
  if (listener === 'a legacy listener') return `exec bash '${script}' '${cmd}' '${result}' ${mode}`;
  return mode === 'auto' ? asAuto(payload.remote_quickstart) : payload.remote_quickstart;
}

export async function listen(cell: Cell, pair: Pair): Promise<Listener> {
  const listener = await startListener(lineFor(cell, pair, 'auto'));
  pair.onFinished(listener.stop);
  await eventually('the listener is connected', 20_000, async () => {
    const status = await fetch(`${pair.payload.urls.api}/status`);
    return (
      ((await status.json()) as { listener_seen_seconds_ago: number | null }).listener_seen_seconds_ago !==
      null
    );
  });
  return listener;
}

/** Starts a supervised listener in a terminal, where the test can answer its prompts. */
export async function listenSupervised(cell: Cell, pair: Pair): Promise<Terminal> {
  const folder = await makeTemporaryFolder();
  const terminal = await startTerminal(lineFor(cell, pair, 'supervised'), { env: { TMPDIR: folder.path } });
  pair.onFinished(async () => {
    await terminal.close();
    await folder.remove();
  });
  return terminal;
}

/** Waits for the prompt of either kind of listener. */
export async function awaitQuestion(terminal: Terminal): Promise<void> {
  await eventually('the prompt is on the screen', 20_000, async () =>
    /\[y\/N|run\?|\(y\//.test(await terminal.screen()),
  );
}
