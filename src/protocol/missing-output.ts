/** Output of a command that a reader cannot get, and why. */

/**
 * `evicted`: the relay stored the output, then removed it to make room for later output. `cut`: it was never stored,
 * since a quota of the relay or the temporary folder of the remote had no room for it, or it was damaged on the relay's
 * disk.
 */
const missingReasons = ['evicted', 'cut'] as const;
export type MissingReason = (typeof missingReasons)[number];

export function isMissingReason(text: unknown): text is MissingReason {
  return missingReasons.some((reason) => reason === text);
}

export interface MissingOutput {
  /** 0 if the number is unknown. */
  readonly bytes: number;
  readonly reason: MissingReason;
}
