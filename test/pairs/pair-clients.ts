import type { TestContext } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import type { Client } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { withDeadline } from '../harness/deadline.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { startMcpHost } from '../mcp/mcp-host.ts';

// The three clients behind one interface, so that one test can use any of them.

export type Outcome = {
  /** stdout and stderr in one: a slot has one stream. */
  output: string;
  /** Null where this client cannot know it. */
  exitStatus: number | null;
  declined: boolean;
};

export type Running = {
  ended: Promise<Outcome>;
  /** Cancels as a user of this client would: with Ctrl-C, the tool, or a DELETE. */
  cancel: () => Promise<void>;
};

export type Pair = {
  client: Client;
  url: string;
  payload: SessionPayload;
  onFinished: TestContext['onTestFinished'];
};

const deadlineMs = 60_000;
const marker = /\n?\[remotify: exit status (\d+)\]\n$/;
const decline = '[declined by operator]';

export const clients = {
  exec: async ({ client, onFinished }: Pair, command: string): Promise<Running> => {
    const exec = client.start(['exec', '--merge', command]);
    onFinished(() => void (exec.isRunning() && exec.child.kill('SIGKILL')));
    const end = async (): Promise<Outcome> => {
      const { code } = await withDeadline(exec.closed, deadlineMs, `exec ${command}`);
      const declined = code === 126 && exec.stderr().includes('the operator declined');
      if (code === 255) throw new Error(exec.stderr());
      return { output: exec.stdout().toString(), exitStatus: code, declined };
    };
    return { ended: end(), cancel: async () => void exec.child.kill('SIGINT') };
  },

  mcp: async ({ client, url, onFinished }: Pair, command: string): Promise<Running> => {
    const host = await startMcpHost(client.configDir, { REMOTIFY_URL: url });
    onFinished(() => host.close());
    const end = async (): Promise<Outcome> => {
      for (;;) {
        // A call answers within 50 s; an identical call joins the running command.
        const { data } = await host.exec(command, { wait_seconds: 45 });
        const { state, exit_status: exitStatus, untrusted } = data;
        if (['queued', 'awaiting_approval', 'running'].includes(state)) continue;
        const { stdout, stderr } = untrusted;
        return { output: stdout.head + stderr.head, exitStatus, declined: state === 'declined' };
      }
    };
    return {
      ended: withDeadline(end(), deadlineMs, `remote_exec ${command}`),
      cancel: async () => void (await host.call('remote_cancel')),
    };
  },

  recipe: async ({ client, payload, onFinished }: Pair, command: string): Promise<Running> => {
    const line = payload.exec.replace('COMMAND', () => command);
    const shell = spawnCaptured('sh', ['-c', line], {
      env: cleanEnvironment(client.configDir, { TMPDIR: client.configDir }),
      detached: true,
    });
    const kill = () => void (shell.isRunning() && process.kill(-shell.pid, 'SIGKILL'));
    onFinished(kill);
    const end = async (): Promise<Outcome> => {
      await withDeadline(shell.closed, deadlineMs, `the recipe with ${command}`);
      const text = shell.stdout().toString();
      const [, status] = marker.exec(text) ?? [];
      return {
        output: text.replace(marker, ''),
        exitStatus: status === undefined ? null : Number(status),
        declined: text.startsWith(decline),
      };
    };
    return {
      ended: end(),
      cancel: async () => {
        kill();
        await curl(['-X', 'DELETE', payload.urls.cmd]);
      },
    };
  },
} satisfies Record<string, (pair: Pair, command: string) => Promise<Running>>;

export type ClientName = keyof typeof clients;
