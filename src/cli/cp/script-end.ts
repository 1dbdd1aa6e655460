/** The failure for a script of cp that ended without a status line. */
import type { CommandEnd } from '../../client/follow-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';

export function describeScriptEnd(end: CommandEnd & { words: readonly string[] }, place: string): Failure {
  if (end.signal !== null) {
    return new Failure(
      `the command for ${place === '' ? '.' : place} was stopped by SIG${end.signal}`,
      'run the same command again to resume',
      exitCodes.trouble,
      'cancelled',
    );
  }
  const how = `with status ${end.exitStatus ?? 'unknown'}`;
  const last = end.words.at(-1);
  return new Failure(
    `the script for ${place === '' ? '.' : place} ended ${how}${last === undefined ? '' : `: ${last}`}`,
    'run the same command again to resume',
    exitCodes.fileTrouble,
    'file',
  );
}
