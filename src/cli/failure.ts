/** A failure with words: what happened, what to do about it, the exit status, and its name for `--json`. */
import { exitCodes } from './exit-codes.ts';
import type { FailureCode } from './failure-codes.ts';

const codeOfExit: Readonly<Record<number, FailureCode>> = {
  [exitCodes.usage]: 'usage',
  [exitCodes.declined]: 'declined',
  [exitCodes.timedOut]: 'timed_out',
  [exitCodes.interrupted]: 'interrupted',
};

export class Failure extends Error {
  readonly hint: string | undefined;
  readonly exitCode: number;
  /** One of failureCodes, or the relay's own code of a refusal. */
  readonly code: string;

  constructor(
    message: string,
    hint?: string,
    exitCode: number = exitCodes.trouble,
    code: string = codeOfExit[exitCode] ?? 'internal',
  ) {
    super(message);
    this.hint = hint;
    this.exitCode = exitCode;
    this.code = code;
  }
}
