/** Tests the command `remotify completion`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../harness/cli.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { completionsFolder } from './shells.ts';
import { forTest } from '../harness/for-test.ts';

async function run(...args: string[]) {
  const folder = await forTest(makeTemporaryFolder());
  return runCli(['completion', ...args], { configDir: folder.path });
}

test.each([
  ['bash', 'remotify.bash'],
  ['zsh', '_remotify'],
  ['fish', 'remotify.fish'],
])('completion %s prints %s, byte for byte', async (shell, file) => {
  const { exitCode, stdout, stderr } = await run(shell);
  expect(stdout.equals(readFileSync(join(completionsFolder, file)))).toBe(true);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
});

test.each(['tcsh', '', 'constructor', '../package.json'])(
  'unknown shell %j: exit status 2, with a hint',
  async (shell) => {
    const { exitCode, stdout, stderr } = await run(shell);
    expect(exitCode).toBe(2);
    expect(stdout.toString()).toBe('');
    expect(stderr).toMatch(/^remotify: error: .*\nremotify: hint: .*bash, zsh, fish\n$/);
  },
);

test('no shell: exit status 2, with a hint', async () => {
  const { exitCode, stderr } = await run();
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^remotify: error: .*shell.*\nremotify: hint: .*\n$/);
});
