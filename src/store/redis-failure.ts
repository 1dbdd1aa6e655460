/** Maps errors of Redis to refusals, so that no error text of Redis reaches a client. */
import { Refusal } from '../protocol/errors.ts';
import { describeCode } from './error-code.ts';

/** The first word of a Redis error, or the code of a system error; undefined for other errors. */
export function failureCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]{3,}(?= |$)/.exec(error.message)?.[0];
}

/** Why the first connection failed, as text that follows `Redis at HOST:PORT`. */
export function describeUnopened(code: string | undefined): string {
  if (code === 'NOAUTH' || code === 'WRONGPASS' || code === 'ERR') return 'rejects the user or password';
  if (code === 'NOPERM') return 'does not permit this user to run commands';
  return `does not answer${code === undefined ? '' : `: ${describeCode(code, 'the connection failed')}`}`;
}

/** Error codes of a server that is starting, is busy, or is no longer the master. */
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

/** Whether a retry may succeed soon: there was no answer, or a passing error. */
export function mayPass(error: unknown): boolean {
  const isReply = error instanceof Error && error.name === 'ReplyError';
  return !isReply || passing.has(failureCode(error) ?? '');
}

/** `storage_full` if Redis is out of memory, otherwise `storage_busy` with Retry-After. */
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

/** Whether the error is `storage_busy`: then it is unknown whether the update was applied. */
export function isBusy(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'storage_busy';
}
