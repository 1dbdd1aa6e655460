/** An end with words: what happened, what to do about it, and the exit code. */
import { exitCodes } from './exit-codes.ts';

export class Failure extends Error {
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, hint?: string, exitCode: number = exitCodes.trouble) {
    super(message);
    this.hint = hint;
    this.exitCode = exitCode;
  }
}
