/** The program without its commands: name, common options, help. */
import { Command } from 'commander';
import { addHelp, helpConfiguration } from './help-format.ts';
import { addCommonOptions } from './options.ts';

export function createProgram(version: string): Command {
  const program = new Command('remotify')
    .description('Run shell commands on a machine that has nothing but curl and bash.')
    .usage('[options] <command>')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show help for a command')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp(helpConfiguration);
  addCommonOptions(program);
  return addHelp(program, {
    examples: [
      'remotify new --url https://relay.example',
      "remotify exec 'uname -a; id'",
      'remotify status',
      'remotify serve',
    ],
    closing: [
      "Exit status of exec: the remote's own; 124 timed out, 126 declined, 130 interrupted (Ctrl-C), 143 interrupted (SIGTERM), 255 relay or session failure, 2 usage.",
      'Run `remotify COMMAND --help` for the options and examples of a command.',
    ],
  });
}
