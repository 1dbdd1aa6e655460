/** Output of a command that cannot be had, in words. */
import type { MissingOutput } from '../../client/parse-output.ts';

export function describeMissing(id: string, { bytes, reason }: MissingOutput): string {
  const count = bytes === 0 ? 'some' : String(bytes);
  const why =
    reason === 'evicted'
      ? 'the relay removed them to make room for later output'
      : 'they could not be stored';
  return `${count} bytes of output of command ${id} are missing: ${why}`;
}

export const missingHint =
  'raise --session-quota and --address-quota of the relay, or write large output to a file on the remote';
