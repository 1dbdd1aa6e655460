import { expect } from 'vitest';

type Result = { exitCode: number | null; text: string; stderr: string };

/** With --json: one object on stdout, in the words of stderr. */
function expectSame(text: string, stderr: string): void {
  const { message, hint } = (JSON.parse(text) as { error: { message: string; hint: string | null } }).error;
  expect(stderr).toContain(`remotify: error: ${message}\nremotify: hint: ${hint}\n`);
}

/**
 * What every failure looks like: this exit status, nothing on stdout save the same as JSON, an error and a hint on stderr, before them at most that it was
 * tried again, in words for people: no stack trace, no file of ours, no key, nothing that acts on a screen.
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
