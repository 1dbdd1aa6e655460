import { expect } from 'vitest';

type Result = { exitCode: number | null; text: string; stderr: string };

/** With --json: stdout has one object with the message and hint of stderr. */
function expectSame(text: string, stderr: string): void {
  const { message, hint } = (JSON.parse(text) as { error: { message: string; hint: string | null } }).error;
  expect(stderr).toContain(`remotify: error: ${message}\nremotify: hint: ${hint}\n`);
}

/**
 * Checks what all failures have in common: the exit status; nothing on stdout but the same error as JSON; an error and a hint on
 * stderr, after at most one note of a retry; no stack trace, no source file of remotify, no key and no control characters.
 */
export function expectFailure({ exitCode, text, stderr }: Result, status: 2 | 255, error: RegExp): void {
  expect(stderr, stderr).toMatch(
    /^(remotify: .+; trying again\n)?remotify: error: .+\nremotify: hint: .+\n$/,
  );
  expect(stderr, stderr).toMatch(error);
  expect(stderr).not.toMatch(/^ +at |\.cjs|\.ts\b|node:internal|node_modules|\/dist\/|\/src\//m);
  expect(stderr).not.toMatch(/[0-9a-f]{32}/i);
  expect(stderr).not.toMatch(/[^\n\x20-\x7e…]/);
  expect(stderr).not.toMatch(/TypeError|this looks like a bug/);
  if (text !== '') expectSame(text, stderr);
  expect(exitCode).toBe(status);
}
