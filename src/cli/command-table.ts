/** Every command: its name, its summary, and the file that is loaded when it is called. No file of a command may import this one. */
import type { CommandModule } from './command-module.ts';

interface Entry {
  summary: string;
  load(): Promise<CommandModule>;
}

export const commandTable = {
  new: {
    summary: 'make a session and print the line to paste on the remote',
    load: () => import('./commands/new.ts'),
  },
  exec: { summary: 'run a command on the remote', load: () => import('./commands/exec.ts') },
  cp: { summary: 'copy files and folders to or from the remote', load: () => import('./commands/cp.ts') },
  logs: { summary: 'print the output of a command again', load: () => import('./commands/logs.ts') },
  status: {
    summary: 'show relay, session, listener and commands',
    load: () => import('./commands/status.ts'),
  },
  cancel: {
    summary: 'drop a queued command, or stop the running one',
    load: () => import('./commands/cancel.ts'),
  },
  list: { summary: 'list the stored sessions', load: () => import('./commands/list.ts') },
  use: { summary: 'choose the current session', load: () => import('./commands/use.ts') },
  end: { summary: 'end a session on the relay and forget it here', load: () => import('./commands/end.ts') },
  reset: { summary: 'clear what is stuck in a session', load: () => import('./commands/reset.ts') },
  serve: { summary: 'run a relay', load: () => import('./commands/serve.ts') },
  mcp: { summary: 'be a tool for models (MCP on stdio)', load: () => import('./commands/mcp.ts') },
  agents: {
    summary: 'print the rules for agents that have only a shell and curl',
    load: () => import('./commands/agents.ts'),
  },
  config: { summary: 'show or change stored settings', load: () => import('./commands/config.ts') },
  completion: {
    summary: 'print the completion file of a shell',
    load: () => import('./commands/completion.ts'),
  },
} satisfies Record<string, Entry>;
