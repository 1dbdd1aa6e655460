/** The error that a command throws: message, hint, exit status, and the code for `--json`. */
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

/** The code that an exit status implies; undefined for a status that several failures share. */
export function findExitCode(exitCode: number): FailureCode | undefined {
  return (codeOfExit as Readonly<Record<number, FailureCode>>)[exitCode];
}

/** One of failureCodes, or the relay's own code of a refusal. */
export type AnyCode = FailureCode | RefusalCode;

export class Failure extends Error {
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly code: AnyCode;
  /** The message is already on stderr. */
  isShown = false;

  /** `code` may be left out only if the exit status implies it. */
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
