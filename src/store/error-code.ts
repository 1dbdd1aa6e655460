/** `ENOENT` and the like; undefined for an error that did not come from the system. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
