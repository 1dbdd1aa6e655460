/** What went wrong in Redis, as a refusal: none of its own words reaches a client. */
import { Refusal } from '../protocol/errors.ts';
import { describeCode } from './error-code.ts';

/** The first word of an error of Redis, or the code of one of the system; undefined where it is no such error. */
export function failureCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]{3,}(?= |$)/.exec(error.message)?.[0];
}

/** Why there is no connection at the start, in words that follow its name. */
export function describeUnopened(code: string | undefined): string {
  if (code === 'NOAUTH' || code === 'WRONGPASS' || code === 'ERR')
    return 'does not accept the user and password';
  if (code === 'NOPERM') return 'does not let this user run commands';
  return `does not answer${code === undefined ? '' : `: ${describeCode(code, 'the connection failed')}`}`;
}

/** Answers of a server that is starting, or that is no longer the one to write to. */
const passing = new Set([
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'BUSY',
  'UNBLOCKED',
  'NOREPLICAS',
]);

/** Whether the same call may succeed soon: no answer came, or one that says so. */
export function mayPass(error: unknown): boolean {
  const isReply = error instanceof Error && error.name === 'ReplyError';
  return !isReply || passing.has(failureCode(error) ?? '');
}

/** `storage_full` where memory is used up, else `storage_busy` with Retry-After. */
export function refuseFailure(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return failureCode(error) === 'OOM' ? new Refusal('storage_full') : busy();
}

export function busy(): Refusal {
  return new Refusal('storage_busy', undefined, { 'retry-after': '1' });
}

export function isGone(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'gone';
}

/** Nobody knows whether it was applied. */
export function isBusy(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'storage_busy';
}
