/** Describes output that a reader cannot get. */
import type { MissingOutput, MissingReason } from '../protocol/missing-output.ts';

/** The missing output of a command, or of a partial view of one; undefined if nothing is missing. */
export function findMissing(view: {
  readonly missing_reason?: MissingReason | null;
  readonly missing_bytes?: number;
}): MissingOutput | undefined {
  const { missing_reason: reason = null, missing_bytes: bytes = 0 } = view;
  return reason === null ? undefined : { bytes, reason };
}

/** `12 bytes of output of command c1 are missing: they could not be stored`. `id`: the command's, if the sentence should name it. */
export function describeMissing({ bytes, reason }: MissingOutput, id = ''): string {
  const whose = id === '' ? '' : ` of command ${id}`;
  const [noun, are, they, them] = bytes === 1 ? ['byte', 'is', 'it', 'it'] : ['bytes', 'are', 'they', 'them'];
  const why: Readonly<Record<MissingReason, string>> = {
    evicted: `the relay removed ${them} to make room for later output`,
    cut: `${they} could not be stored`,
  };
  return `${bytes === 0 ? 'some' : bytes} ${noun} of output${whose} ${are} missing: ${why[reason]}`;
}
