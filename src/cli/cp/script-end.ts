/** A script of ours that ended without a word of its own. */
import type { CommandEnd } from '../../client/follow-command.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';

export function describeScriptEnd(end: CommandEnd & { words: readonly string[] }, place: string): Failure {
  const how = end.signal === null ? `with status ${end.exitStatus ?? 'unknown'}` : `by SIG${end.signal}`;
  const last = end.words.at(-1);
  return new Failure(
    `the script for ${place === '' ? '.' : place} ended ${how}${last === undefined ? '' : `: ${last}`}`,
    'run the same command again: it goes on where it ended',
    exitCodes.absent,
    'file',
  );
}
