/** The options of `remotify cp`, and what a transfer came to. */
import type { CommonOptions } from '../context.ts';
import type { StartBounds } from '../exec/start-bounds.ts';

export interface CpOptions extends CommonOptions {
  recursive?: boolean;
  preserve?: boolean;
  bounds: StartBounds;
}

export interface CopiedFile {
  path: string;
  bytes: number;
  /** Only where it was asked for. */
  sha256: string | undefined;
}

export interface Outcome {
  files: CopiedFile[];
  bytes: number;
  seconds: number;
  /** SHA-256 was compared. */
  verified: boolean;
  resumedBytes: number;
  /** What was not copied, in words. */
  failures: string[];
  /** What programs of the remote wrote to stderr. */
  words: string[];
}
