/** The options of `remotify cp`, and the outcome of a transfer. */
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
  /** Undefined unless requested. */
  sha256: string | undefined;
}

export interface Outcome {
  files: CopiedFile[];
  bytes: number;
  seconds: number;
  /** Whether SHA-256 was compared. */
  verified: boolean;
  resumedBytes: number;
  /** A message for each file that was not copied. */
  failures: string[];
  /** What programs of the remote wrote to stderr. */
  words: string[];
}
