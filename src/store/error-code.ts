/** System errors: the code of an error, and a description for a code. */
import { getSystemErrorMap } from 'node:util';

/** A code such as `ENOENT`; undefined if the error has no code. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** `no such file or directory (ENOENT)`: the system's description, then the code, which alone is hard to read. */
export function describeCode(code: string, otherwise = 'the system refused'): string {
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  return `${known?.[1] ?? otherwise} (${code})`;
}
