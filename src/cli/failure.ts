/** A failure with words: what happened, what to do about it, the exit status, and its name for `--json`. */
import type { RefusalCode } from '../protocol/errors.ts';
import { exitCodes } from './exit-codes.ts';
import type { FailureCode } from './failure-codes.ts';

const codeOfExit = {
  [exitCodes.usage]: 'usage',
  [exitCodes.declined]: 'declined',
  [exitCodes.timedOut]: 'timed_out',
  [exitCodes.interrupted]: 'interrupted',
  [exitCodes.terminated]: 'interrupted',
} as const satisfies Readonly<Record<number, FailureCode>>;

type TellingExit = keyof typeof codeOfExit;

/** The name of an exit status that says what happened; undefined for one that does not. */
export function findExitCode(exitCode: number): FailureCode | undefined {
  return (codeOfExit as Readonly<Record<number, FailureCode>>)[exitCode];
}

/** One of failureCodes, or the relay's own code of a refusal. */
export type AnyCode = FailureCode | RefusalCode;

export class Failure extends Error {
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly code: AnyCode;
  /** The words are on stderr already. */
  isShown = false;

  /** Only an exit status that says what happened needs no code beside it. */
  constructor(message: string, hint: string | undefined, exitCode: TellingExit, code?: AnyCode);
  constructor(message: string, hint: string | undefined, exitCode: number | undefined, code: AnyCode);
  constructor(
    message: string,
    hint: string | undefined,
    exitCode: number = exitCodes.trouble,
    code: AnyCode = findExitCode(exitCode) ?? 'internal',
  ) {
    super(message);
    this.hint = hint;
    this.exitCode = exitCode;
    this.code = code;
  }
}
