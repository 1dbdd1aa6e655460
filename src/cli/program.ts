/** The program without its commands: name, common options, help. */
import { Command } from 'commander';
import { addCommonOptions } from './options.ts';

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
