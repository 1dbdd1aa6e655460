/** Every command: its name, its summary, and the file that is loaded when it is called. No file of a command may import this one. */
import type { CommandModule } from './command-module.ts';

interface Entry {
  summary: string;
  load(): Promise<CommandModule>;
}

export const commandTable = {
  new: {
    summary: 'create a session and print the line to paste on the remote',
    load: () => import('./commands/new.ts'),
  },
  exec: { summary: 'run a command on the remote', load: () => import('./commands/exec.ts') },
  cp: { summary: 'copy files and folders to or from the remote', load: () => import('./commands/cp.ts') },
  logs: {
    summary: 'print the output of a command; reading deletes nothing',
    load: () => import('./commands/logs.ts'),
  },
  wait: {
    summary: 'wait until a command ends or a listener is connected',
    load: () => import('./commands/wait.ts'),
  },
  status: {
    summary: 'show relay, session, listener and commands',
    load: () => import('./commands/status.ts'),
  },
  history: { summary: 'list the last commands of a session', load: () => import('./commands/history.ts') },
  cancel: {
    summary: 'cancel a queued command, or stop the running one',
    load: () => import('./commands/cancel.ts'),
  },
  list: { summary: 'list stored sessions', load: () => import('./commands/list.ts') },
  use: { summary: 'choose the current session', load: () => import('./commands/use.ts') },
  end: { summary: 'end a session on the relay and remove it here', load: () => import('./commands/end.ts') },
  reset: {
    summary: 'cancel all commands of a session and clear unread results',
    load: () => import('./commands/reset.ts'),
  },
  serve: { summary: 'run a relay', load: () => import('./commands/serve.ts') },
  mcp: { summary: 'run an MCP server on stdio', load: () => import('./commands/mcp.ts') },
  agents: {
    summary: 'print rules for agents that have only a shell and curl',
    load: () => import('./commands/agents.ts'),
  },
  config: {
    summary: 'show effective settings, or change stored ones',
    load: () => import('./commands/config.ts'),
  },
  completion: {
    summary: 'print the completion file of a shell',
    load: () => import('./commands/completion.ts'),
  },
} satisfies Record<string, Entry>;
