/** The completion files have exactly the commands and flags of commander. Parses them without code of the generator. */
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderFiles } from '../../completions/render-files.ts';
import { buildWholeProgram } from '../../src/cli/build-program.ts';
import { completionsFolder } from './shells.ts';

const program = await buildWholeProgram('0.0.0');

function readCompletions(name: string): string {
  return readFileSync(join(completionsFolder, name), 'utf8');
}

type FlagsOf = Record<string, string[]>;

function listFlags(command: Command): string[] {
  const names = command.options.filter(({ hidden }) => !hidden).flatMap(({ short, long }) => [short, long]);
  return [...names, '-h', '--help'].filter((name) => name !== undefined).toSorted();
}

/** By command; the flags of the program itself are under an empty name. */
const expected: FlagsOf = {
  '': listFlags(program),
  ...Object.fromEntries(program.commands.map((command) => [command.name(), listFlags(command)])),
};

function sortAll(flags: FlagsOf): FlagsOf {
  return Object.fromEntries(Object.entries(flags).map(([name, list]) => [name, list.toSorted()]));
}

function readBash(text: string): FlagsOf {
  const body = /^_remotify_flags\(\) \{\n(.*?)^\}/ms.exec(text)?.[1] ?? '';
  const lines = body.matchAll(/^ *([\w'-]+)\) kind=\(words (.*)\) ;;$/gm);
  return Object.fromEntries(
    Array.from(lines, ([, name = '', words = '']) => [name.replaceAll("'", ''), words.split(' ')]),
  );
}

function readZsh(text: string): FlagsOf {
  const found: FlagsOf = { '': [] };
  let name = '';
  for (const line of text.slice(text.indexOf('\n_remotify() {')).split('\n')) {
    name = /^ {4}([\w-]+)\)$/.exec(line)?.[1] ?? name;
    const list = (found[name] ??= []);
    const flag = /^ *'(?:\([^)]*\)|\*)?(-[\w-]+)[+=]?\[/.exec(line)?.[1];
    if (flag !== undefined) list.push(flag);
  }
  const { help: _help, ...rest } = found;
  return rest;
}

function readFish(text: string): FlagsOf {
  const found: FlagsOf = {};
  for (const [, name = '', options = ''] of text.matchAll(
    /^complete -c remotify -n "_remotify_flags_of (\S+)"((?: -[sl] \S+)+)/gm,
  )) {
    const list = (found[name.replaceAll("'", '')] ??= []);
    for (const [, kind, flag] of options.matchAll(/-([sl]) (\S+)/g))
      list.push((kind === 's' ? '-' : '--') + flag);
  }
  return found;
}

const files: [string, (text: string) => FlagsOf, RegExp][] = [
  ['remotify.bash', readBash, /^ *' 0'\) kind=\(words (.*)\) ;;$/gm],
  ['_remotify', readZsh, /^ {4}'([\w-]+):/gm],
  ['remotify.fish', readFish, /^complete -c remotify -n "_remotify_argument_of '' 0 -eq" -a (\S+)/gm],
];

describe.each(files)('%s', (name, readFlags, commandPattern) => {
  const text = readCompletions(name);

  test('is up to date (if not: npm run completions)', () => {
    expect(text).toBe(renderFiles(program)[name]);
  });

  test('has every command, and no other', () => {
    const commands = Array.from(text.matchAll(commandPattern), ([, words = '']) => words.split(' ')).flat();
    expect(commands.toSorted()).toEqual([...program.commands.map((each) => each.name()), 'help'].toSorted());
  });

  test('has every flag of every command, and no other', () => {
    expect(sortAll(readFlags(text))).toEqual(expected);
  });

  test('mentions no flag that does not exist', () => {
    const known = new Set(Object.values(expected).flat());
    const spoken = text.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? [];
    expect(spoken.filter((flag) => !known.has(flag))).toEqual([]);
  });
});
