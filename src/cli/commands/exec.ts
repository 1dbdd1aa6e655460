/** `remotify exec`: `ssh host cmd` through a relay. */
import type { Command } from 'commander';
import { dialectOf } from '../../client/open-session.ts';
import { parseDuration } from '../../config/parse-values.ts';
import { resolveTimeout } from '../../config/resolve-waits.ts';
import type { Run } from '../command-module.ts';
import type { Context, OpenSession } from '../context.ts';
import type { ExecOptions } from '../exec/exec-options.ts';
import { execThroughCommands, type Job } from '../exec/exec-through-commands.ts';
import { nameFlag } from '../../config/name-flag.ts';
import { renderScript } from '../exec/render-script.ts';
import { planBounds } from '../exec/start-bounds.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';
import { collect, mergeOptions, parseWith } from '../options.ts';

export function describe(command: Command): void {
  const duration = parseWith(parseDuration);
  command
    .usage('[options] [--] <command> [arg...]')
    .argument(
      '[command...]',
      'one argument is shell text; several are quoted, so that each arrives unchanged',
    )
    .option('-f, --file <script>', 'run a shell script instead (- is stdin); other words are its arguments')
    .option('-i, --stdin', 'forward stdin, byte for byte, to its end')
    .option('-t, --timeout <duration>', 'stop the command after this long (REMOTIFY_TIMEOUT)', duration)
    .option(
      '-w, --wait <duration>',
      'total time to wait for a listener, the queue and approval; 0: start at once or fail (REMOTIFY_WAIT; default: 10m)',
      duration,
    )
    .option('--wait-listener <duration>', 'separate limit for the listener to connect', duration)
    .option('--wait-approval <duration>', 'separate limit for the operator to approve', duration)
    .option('-d, --detach', 'push the command, print its id, exit')
    .option('--merge', 'merge stderr into stdout, in order')
    .option('--env <name[=value]>', 'set a variable on the remote (repeatable)', collect)
    .option('--cwd <dir>', 'run in this folder on the remote; ~ is the home directory')
    .option('--raw', 'print control bytes unescaped, also on a terminal')
    .option('--all', 'run on every stored session in parallel; to select sessions, repeat -s')
    .passThroughOptions();
  addHelp(command, {
    notes: [
      'Put remotify options before the command; everything after its first word is passed to the command.',
    ],
    examples: [
      "remotify exec 'df -h / | tail -1'",
      'remotify exec -s prod -- systemctl status nginx',
      'remotify exec -f deploy.sh staging',
      "remotify exec 'tar cz /var/log' > logs.tgz",
      "remotify exec -i 'tar xz -C /srv' < site.tgz",
      "remotify exec -d 'long-job' && remotify logs -f",
      'remotify exec -w 0 --wait-approval 5m -- systemctl restart nginx',
    ],
    closing: [
      "Exit status: the remote's own. 124 timed out, 126 declined by the operator, 130 interrupted (Ctrl-C), 143 interrupted (SIGTERM), 255 relay, network or session failure, listener lost or cancelled, 2 usage.",
    ],
  });
}

/** The options on the command line; missing ones come from the environment. */
type GivenOptions = Partial<ExecOptions>;

/** Opens the chosen session. Without one, creates a session and prints its line on stderr. */
async function openSession(context: Context): Promise<{ session: OpenSession; isLineShown: boolean }> {
  const chosen = context.chosen();
  if (chosen) return { session: await context.openSession(chosen), isLineShown: false };
  const { createSession } = await import('../exec/create-session.ts');
  return { session: await createSession(context), isLineShown: true };
}

function exclude(options: ExecOptions, flag: keyof ExecOptions, other: string): void {
  if (options[flag] === undefined) return;
  throw new Failure(
    `${nameFlag(flag)} cannot be used with ${other}`,
    'leave one of them out',
    exitCodes.usage,
  );
}

function checkOptions(options: ExecOptions): void {
  if (options.file === '-') exclude(options, 'stdin', '--file -');
  if (options.all === true) exclude(options, 'session', '--all');
  if (options.detach !== true) return;
  exclude(options, 'stdin', '--detach');
  // This client enforces these limits, and with --detach it exits.
  exclude(options, 'waitListener', '--detach');
  exclude(options, 'waitApproval', '--detach');
}

function chooseNames(context: Context, { all, session = [] }: ExecOptions): string[] {
  if (all !== true) return session;
  const names = Object.keys(context.settings().sessions);
  if (names.length > 0) return names;
  throw new Failure(
    'no sessions are stored',
    'create one with `remotify new`',
    exitCodes.trouble,
    'no_session',
  );
}

async function execOnOne(
  context: Context,
  session: OpenSession,
  job: Job,
  options: ExecOptions,
): Promise<number> {
  if (session.dialect === 'commands') return execThroughCommands(context, session, job, options);
  const { checkSupported } = await import('../exec/check-supported.ts');
  checkSupported(session.url, options, job);
  const { execThroughSlots } = await import('../exec/exec-through-slots.ts');
  return execThroughSlots(context, session, job.script, options);
}

export const run: Run = async (context, command) => {
  const given = mergeOptions<GivenOptions>(command);
  const { environment } = context;
  const bounds = planBounds(given, environment);
  const timeout = resolveTimeout(given.timeout, environment);
  const options: ExecOptions = { ...given, wait: bounds.total.seconds };
  checkOptions(options);
  // Commander keeps a leading -- when options of the remote command may follow.
  const typed = command.args[0] === '--' ? command.args.slice(1) : command.args;
  const script = await renderScript(typed, options, context);
  const words = options.file === undefined ? typed : [];
  const job = { script, words, bounds, timeout, isLineShown: false };
  const names = chooseNames(context, options);
  if (names.length < 2 && options.all !== true) {
    const { session, isLineShown } = await openSession(context);
    return execOnOne(context, session, { ...job, isLineShown }, options);
  }
  exclude(options, 'stdin', 'several sessions');
  const { execOnMany } = await import('../exec/exec-on-many.ts');
  const { checkSupported } = await import('../exec/check-supported.ts');
  for (const name of names) {
    const { features, url } = context.chosen(name) ?? {};
    if (features && url !== undefined && dialectOf(features) === 'slots') checkSupported(url, options, job);
  }
  return execOnMany(context, names, (own, session) => execOnOne(own, session, job, options));
};
