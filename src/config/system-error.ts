/** An error of the system in its own words, with the code behind them. */
import { getSystemErrorMap } from 'node:util';

/** `no space left on device (ENOSPC)`; what is not the system's own is told by its message. */
export function describeSystemError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { code, errno } = error as NodeJS.ErrnoException;
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  if (words !== undefined) return `${words} (${code ?? errno})`;
  const first = error.message.split('\n')[0] ?? '';
  return code === undefined ? first || error.name : `${first.replace(`${code}: `, '') || 'failed'} (${code})`;
}
