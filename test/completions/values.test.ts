/** Words that are offered as values are words that the commands take. */
import { expect, onTestFinished, test } from 'vitest';
import { describeCli } from '../../completions/describe-cli.ts';
import { buildWholeProgram } from '../../src/cli/build-program.ts';
import { runCli } from '../harness/cli.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

const program = await buildWholeProgram('0.0.0');
const commands = describeCli(program);

const flagWords = commands.flatMap(({ name, flags }) =>
  flags.flatMap((flag) =>
    flag.value?.value.kind === 'words'
      ? [[name, flag.names.at(-1) ?? '', flag.value.value.words] as const]
      : [],
  ),
);

test('some flags have words to offer', () => {
  expect(flagWords.map(([name, flag]) => `${name} ${flag}`)).toEqual(
    expect.arrayContaining(['cancel --signal', 'logs --stream']),
  );
});

test.each(flagWords)('%s %s takes each of its words, and not any other', (name, flag, words) => {
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

test('config takes each action and each name that is offered, and not any other', async () => {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
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
