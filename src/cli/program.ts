/** The surface: names, common options, help. A command's own code is loaded only when it is called. */
import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import type { CommonOptions, Context } from './context.ts';

export type Run = (context: Context, command: Command) => Promise<number>;

/** What a file in commands/ exports: its options and what it does. */
export interface CommandModule {
  /** Adds arguments, options and examples; `run` gets them from the commander command. */
  describe(command: Command): void;
  run: Run;
}

interface Entry {
  summary: string;
  load(): Promise<CommandModule>;
}

export const entries = {
  new: {
    summary: 'make a session and print the line to paste on the remote',
    load: () => import('./commands/new.ts'),
  },
  exec: { summary: 'run a command on the remote', load: () => import('./commands/exec.ts') },
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
} as const satisfies Record<string, Entry>;

export type CommandName = keyof typeof entries;

/** Parses an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** The options of CLI.md's "everywhere", before the command's name and after it. */
export function addCommonOptions(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'address of the relay (REMOTIFY_URL)').helpGroup('Everywhere:'))
    .addOption(
      new Option('-s, --session <name-or-key>', 'stored session or session key (REMOTIFY_KEY)')
        .argParser(collect)
        .helpGroup('Everywhere:'),
    )
    .addOption(new Option('--json', 'one JSON object on stdout').helpGroup('Everywhere:'))
    .addOption(new Option('-q, --quiet', 'no words on the way').helpGroup('Everywhere:'))
    .addOption(new Option('--no-color', 'no colours (NO_COLOR)').helpGroup('Everywhere:'))
    .addOption(
      new Option('--config-dir <dir>', 'folder of the settings (REMOTIFY_CONFIG_DIR)').helpGroup(
        'Everywhere:',
      ),
    )
    .helpOption('-h, --help', 'show this');
}

/** Own options over the ones before the command's name; a `--no-color` in either place counts. */
export function mergeOptions<T extends CommonOptions>(command: Command): T {
  const outer = command.parent?.opts() ?? {};
  const own = command.opts();
  return { ...outer, ...own, color: outer['color'] !== false && own['color'] !== false } as T;
}

export function createProgram(version: string): Command {
  const program = new Command('remotify')
    .description('Run shell commands on a machine that has nothing but curl and bash.')
    .usage('[options] <command>')
    .version(version, '-V, --version', 'show the version')
    .helpCommand('help [command]', 'show help for a command')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride();
  addCommonOptions(program);
  program.addHelpText(
    'after',
    `
Examples:
  $ remotify serve                     a relay on this machine
  $ remotify new --url http://127.0.0.1:8080
  $ remotify exec 'uname -a; id'       runs on the remote, prints its output, exits with its status
  $ remotify status

Exit status of exec: the remote's own; 124 timed out, 126 declined, 130 interrupted, 255 relay or session trouble, 2 usage.`,
  );
  return program;
}

/** A value parser for commander that speaks our errors. */
export function parseWith<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new CommanderError(2, 'remotify.value', `${error.message}\n${error.hint}`);
    }
  };
}
