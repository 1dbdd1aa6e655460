/** `remotify exec`: `ssh host cmd` through a relay. */
import { type Command, Option } from 'commander';
import { parseDuration } from '../../config/parse-values.ts';
import type { Run } from '../command-module.ts';
import type { Context, OpenSession } from '../context.ts';
import type { ExecOptions } from '../exec/exec-options.ts';
import { execThroughCommands } from '../exec/exec-through-commands.ts';
import { renderScript } from '../exec/render-script.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { makeSession } from '../make-session.ts';
import { collect, mergeOptions, parseWith } from '../options.ts';

export function describe(command: Command): void {
  command
    .usage('[options] [--] <command> [arg...]')
    .argument(
      '[command...]',
      'one argument is shell text; several are quoted, so that each arrives as it was typed',
    )
    .option('-f, --file <script>', 'run a shell script instead (- is stdin); what follows are its arguments')
    .option('-i, --stdin', 'forward stdin, byte for byte, to its end')
    .option('-t, --timeout <duration>', 'stop it after this long', parseWith(parseDuration))
    .addOption(
      new Option(
        '-w, --wait <duration>',
        "how long to wait for a listener, one's turn and approval; 0: fail at once",
      )
        .argParser(parseWith(parseDuration))
        .default(600, '10m'),
    )
    .option('-d, --detach', 'push, print the id, leave')
    .option('--merge', 'stderr into stdout, in order')
    .option('--env <name[=value]>', 'set a variable there (repeatable)', collect)
    .option('--cwd <dir>', 'run it in this folder')
    .option('--raw', 'leave control bytes in the output alone, also on a terminal')
    .option('--all', 'run it on every stored session at once; -s several times: on those')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Options of ours come before the command; everything after its first word is the command's.

Examples:
  $ remotify exec 'df -h / | tail -1'
  $ remotify exec -s prod -- systemctl status nginx
  $ remotify exec -f deploy.sh staging
  $ remotify exec 'tar cz /var/log' > logs.tgz
  $ remotify exec -i 'tar xz -C /srv' < site.tgz
  $ remotify exec -d 'long-job' && remotify logs -f

Exit status: the remote's own. 124 timed out, 126 declined by the operator, 130 interrupted, 255 relay, network or
session trouble, listener lost or cancelled, 2 usage.`,
    );
}

/** The session that is meant; without one a new one, its line on stderr. */
async function openSession(context: Context): Promise<OpenSession> {
  const chosen = context.chosen();
  if (chosen) return context.openSession(chosen);
  context.checkNoneStored();
  const { name, stored } = await makeSession(context);
  const { printer } = context;
  await printer.note(
    `there was no session: ${name} is made on ${stored.url}; paste this line on the remote:`,
  );
  await printer.showLine(stored.quickstart);
  return context.openSession({ name, ...stored });
}

function exclude(options: ExecOptions, flag: keyof ExecOptions, other: string): void {
  if (options[flag] !== true) return;
  throw new Failure(`--${flag} does not go with ${other}`, 'leave one of them out', exitCodes.usage);
}

function chooseNames(context: Context, { all, session = [] }: ExecOptions): string[] {
  if (all !== true) return session;
  const names = Object.keys(context.settings().sessions);
  if (names.length === 0) throw new Failure('no sessions are stored', 'make one with `remotify new`');
  return names;
}

async function execOnOne(
  context: Context,
  session: OpenSession,
  script: Buffer,
  options: ExecOptions,
): Promise<number> {
  if (session.dialect === 'commands') return execThroughCommands(context, session, script, options);
  const unsupported = (['detach', 'stdin', 'timeout', 'json'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (unsupported !== undefined) {
    throw new Failure(
      `${session.url} is a relay of the original kind: it cannot do --${unsupported}`,
      'leave it out, or use a relay of ours: `remotify serve`',
      exitCodes.usage,
    );
  }
  const { execThroughSlots } = await import('../exec/exec-through-slots.ts');
  return execThroughSlots(context, session, script, options);
}

export const run: Run = async (context, command) => {
  const options = mergeOptions<ExecOptions>(command);
  if (options.file === '-') exclude(options, 'stdin', '--file -');
  if (options.detach === true) exclude(options, 'stdin', '--detach');
  // Commander hands a leading -- through, where options of the command's own may follow.
  const words = command.args[0] === '--' ? command.args.slice(1) : command.args;
  const script = await renderScript(words, options, context);
  const names = chooseNames(context, options);
  if (names.length < 2 && options.all !== true)
    return execOnOne(context, await openSession(context), script, options);
  exclude(options, 'stdin', 'several sessions');
  const { execOnMany } = await import('../exec/exec-on-many.ts');
  return execOnMany(context, names, (own, session) => execOnOne(own, session, script, options));
};
