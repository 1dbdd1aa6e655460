/** The options that every command takes, and how commander parses values. */
import { type Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import type { CommonOptions } from './context.ts';

/** Parses an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Turns a parser that throws ConfigError into one that throws the error that commander expects. */
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

const group = 'Global options:';

/** The options that every command takes, before the command's name and after it. Added last, so that help shows a command's own first. */
export function addCommonOptions(command: Command): Command {
  const options = [
    new Option('--url <url>', 'address of the relay (REMOTIFY_URL; default https://remotify.run)'),
    new Option(
      '-s, --session <name-or-key>',
      'stored session or session key (REMOTIFY_KEY, REMOTIFY_KEY_FILE)',
    ).argParser(collect),
    new Option('--json', 'print one JSON object on stdout, also for an error'),
    new Option('-q, --quiet', 'suppress progress messages'),
    new Option('--no-color', 'print without colours (NO_COLOR)'),
    new Option('--config-dir <dir>', 'directory of the settings (REMOTIFY_CONFIG_DIR)'),
  ];
  for (const option of options) command.addOption(option.helpGroup(group));
  return command.addHelpOption(new Option('-h, --help', 'show help').helpGroup(group));
}

/** Options after the command's name override those before it; a `--no-color` in either place counts. */
export function mergeOptions<T extends CommonOptions>(command: Command): T {
  const outer = command.parent?.opts() ?? {};
  const own = command.opts();
  return { ...outer, ...own, color: outer['color'] !== false && own['color'] !== false } as T;
}
