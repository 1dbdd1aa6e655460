/** Errors of the system: their codes, and words for them. */
import { getSystemErrorMap } from 'node:util';

/** `ENOENT` and the like; undefined for an error that did not come from the system. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** `no such file or directory (ENOENT)`: the system's words before its code, which alone says little. */
export function describeCode(code: string, otherwise = 'the system refused'): string {
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  return `${known?.[1] ?? otherwise} (${code})`;
}
