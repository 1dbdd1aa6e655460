import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnCaptured } from './captured-process.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { eventually, withDeadline } from './deadline.ts';
import { endProcessSession } from './process-session.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** For `test.skipIf(!hasTmux)`: without tmux the test is reported as skipped, by its name. */
export const hasTmux = spawnSync('tmux', ['-V']).status === 0;

export type Terminal = {
  /**
   * The current screen, without the blanks at the end of lines. It stays after the command has ended, with a last line
   * `[the command ended with N]`.
   */
  screen: () => Promise<string>;
  /** The same with the lines that have scrolled off the top. */
  transcript: () => Promise<string>;
  /** Key presses. A line feed is the Enter key; `\x03` is Ctrl-C. */
  type: (text: string) => Promise<void>;
  waitForText: (text: string, deadlineMs: number) => Promise<string>;
  resize: (columns: number, rows: number) => Promise<void>;
  /** Also writes all later output of the terminal to this file. */
  recordTo: (path: string) => Promise<void>;
  /** Closes the window. Processes in it get SIGHUP and must end by themselves. */
  hangUp: () => Promise<void>;
  /** Ends the processes in it, and removes its folder. */
  close: () => Promise<void>;
};

export type TerminalOptions = { columns?: number; rows?: number; env?: Record<string, string> };

const settings = ['set -g status off', 'set -s escape-time 0'];

// tmux 3.3 sometimes misses the end of a pane's process, so the terminal outlives its command. The outer bash traps INT and
// QUIT, so that Ctrl-C and Ctrl-\ reach only the command: a trap, unlike an ignored signal, is not inherited.
const keepOpen =
  'trap : INT QUIT; bash -c "$1"; printf "\n[the command ended with %s]\n" "$?"; exec sleep 86400';

/** Runs the command line in a terminal of its own, on a private tmux server. */
export async function startTerminal(command: string, options: TerminalOptions = {}): Promise<Terminal> {
  const { columns = 120, rows = 40 } = options;
  const folder = await makeTemporaryFolder();
  const name = `remotify-${randomUUID().slice(0, 8)}`;
  const configFile = join(folder.path, 'tmux.conf');
  await writeFile(configFile, `${settings.join('\n')}\n`);
  const env = cleanEnvironment(folder.path, {
    TMUX_TMPDIR: folder.path,
    TMPDIR: folder.path,
    TERM: 'xterm-256color',
    ...options.env,
  });
  const tmux = async (...args: string[]) => {
    const run = spawnCaptured('tmux', ['-L', name, '-f', configFile, ...args], { env });
    const { code } = await withDeadline(run.closed, 10_000, `tmux ${args[0]}`);
    if (code !== 0) throw new Error(`tmux ${args.join(' ')}: ${run.stderr()}`);
    return run.stdout().toString('utf8');
  };

  const size = ['-x', String(columns), '-y', String(rows)];
  const program = ['bash', '-c', keepOpen, 'terminal', command];
  const pid = Number(await tmux('new-session', '-d', '-P', '-F', '#{pane_pid}', ...size, ...program));
  const screen = () => tmux('capture-pane', '-p');
  return {
    screen,
    transcript: () => tmux('capture-pane', '-p', '-S', '-'),
    type: async (text) => {
      // tmux would treat a last semicolon as the end of its own command.
      await tmux('send-keys', '-l', '--', text.replaceAll('\n', '\r').replace(/;$/, '\\;'));
    },
    waitForText: async (text, deadlineMs) => {
      let last = '';
      return eventually(`the terminal shows ${JSON.stringify(text)}`, deadlineMs, async () => {
        last = await screen();
        if (!last.includes(text)) throw new Error(`the terminal shows:\n${last}`);
        return last;
      });
    },
    resize: async (width, height) => {
      await tmux('resize-window', '-x', String(width), '-y', String(height));
    },
    recordTo: async (path) => {
      await tmux('pipe-pane', `cat >'${path}'`);
    },
    hangUp: async () => {
      await tmux('kill-server');
    },
    close: async () => {
      // Fails if the server has already ended, which is fine.
      await tmux('kill-server').catch(() => {});
      await endProcessSession(pid, 2_000);
      await folder.remove();
    },
  };
}
