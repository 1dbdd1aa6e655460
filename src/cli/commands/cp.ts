/** `remotify cp`: copies files to and from the remote, through commands that the operator sees. */
import type { Command } from 'commander';
import { parseDuration } from '../../config/parse-values.ts';
import type { Run } from '../command-module.ts';
import type { CpOptions } from '../cp/cp-options.ts';
import { parsePlaces } from '../cp/places.ts';
import type { ExecOptions } from '../exec/exec-options.ts';
import { planBounds } from '../exec/start-bounds.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { addHelp } from '../help-format.ts';
import { mergeOptions, parseWith } from '../options.ts';

export function describe(command: Command): void {
  const duration = parseWith(parseDuration);
  command
    .usage('[options] <source...> <target>')
    .argument('[path...]', 'a path on the remote begins with a colon; ./:x is a local file named :x')
    .option('-r, --recursive', 'copy folders with everything below them')
    .option('-p, --preserve', 'keep mode and time exactly; without it the umask applies, as with cp')
    .option(
      '-w, --wait <duration>',
      'total time to wait for a listener, the queue and approval; 0: start at once or fail (REMOTIFY_WAIT; default: 10m)',
      duration,
    )
    .option('--wait-listener <duration>', 'separate limit for the listener to connect', duration)
    .option('--wait-approval <duration>', 'separate limit for the operator to approve', duration);
  addHelp(command, {
    notes: [
      'A relative path on the remote starts in the folder where the line was pasted. A file gets its name only after its SHA-256 was compared.',
      'To resume an interrupted transfer, run the same command again.',
    ],
    examples: [
      'remotify cp site.tgz :/srv/',
      'remotify cp -r public :/srv/www',
      'remotify cp :/var/log/syslog :~/notes.txt .',
      'remotify cp -rp :/etc/nginx backup/',
    ],
    closing: [
      'Exit status: 0 copied, 1 a file was not copied, 126 declined by the operator, 130 interrupted (Ctrl-C), 143 interrupted (SIGTERM), 255 relay, network or session failure, 2 usage.',
    ],
  });
}

export const run: Run = async (context, command) => {
  const given = mergeOptions<Omit<CpOptions, 'bounds'> & Partial<ExecOptions>>(command);
  const places = parsePlaces(command.args);
  const options: CpOptions = { ...given, bounds: planBounds(given, context.environment) };
  const session = await context.requireSession();
  const key = context.chosen()?.key ?? '';
  if (session.dialect !== 'commands') {
    throw new Failure(
      `${session.url} is a legacy relay: it cannot copy files`,
      'use a remotify relay: `remotify serve`',
      exitCodes.trouble,
      'not_supported',
    );
  }
  const { report } = await import('../cp/report.ts');
  if (places.direction === 'up') {
    const { copyUp } = await import('../cp/copy-up.ts');
    return report(context, await copyUp(context, session, key, places, options));
  }
  const { copyDown } = await import('../cp/copy-down.ts');
  return report(context, await copyDown(context, session, key, places, options));
};
