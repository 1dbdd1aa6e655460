/** The words that the completions offer as values are the words that the commands accept. */
import { expect, test } from 'vitest';
import { describeCli } from '../../completions/describe-cli.ts';
import { buildWholeProgram } from '../../src/cli/build-program.ts';
import { runCli } from '../harness/cli.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

const program = await buildWholeProgram('0.0.0');
const commands = describeCli(program);

const flagWords = commands.flatMap(({ name, flags }) =>
  flags.flatMap((flag) =>
    flag.value?.value.kind === 'words'
      ? [[name, flag.names.at(-1) ?? '', flag.value.value.words] as const]
      : [],
  ),
);

test('the completions have words for some flags', () => {
  expect(flagWords.map(([name, flag]) => `${name} ${flag}`)).toEqual(
    expect.arrayContaining(['cancel --signal', 'logs --stream']),
  );
});

test.each(flagWords)('%s %s: accepts each offered word, and rejects others', (name, flag, words) => {
  const command = program.commands.find((each) => each.name() === name);
  const option = command?.options.find(({ long }) => long === flag);
  for (const word of words) expect(option?.parseArg?.(word, undefined)).toBe(word);
  expect(() => option?.parseArg?.('bogus', undefined)).toThrow(/bogus/);
});

function wordsOfArgument(command: string, argument: string): readonly string[] {
  const { value } =
    commands.find(({ name }) => name === command)?.arguments.find(({ name }) => name === argument) ?? {};
  if (value?.kind !== 'words') throw new Error(`${command} ${argument} has no words`);
  return value.words;
}

test('config: accepts each offered action and name, and rejects others', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const run = async (...args: string[]) =>
    (await runCli(['config', ...args], { configDir: folder.path })).exitCode;
  for (const name of wordsOfArgument('config', 'name')) {
    for (const action of wordsOfArgument('config', 'action')) {
      const value = action === 'set' ? ['http://127.0.0.1:1'] : [];
      expect(await run(action, name, ...value), `config ${action} ${name}`).not.toBe(2);
    }
  }
  expect(await run('bogus', 'url')).toBe(2);
  expect(await run('get', 'bogus')).toBe(2);
});
