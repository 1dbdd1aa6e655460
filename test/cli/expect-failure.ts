import { expect } from 'vitest';

type Result = { exitCode: number | null; text: string; stderr: string };

/**
 * What every failure looks like: this exit status, nothing on stdout, an error and a hint on stderr, before them at most that it was
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
  expect(text).toBe('');
  expect(exitCode).toBe(status);
}
