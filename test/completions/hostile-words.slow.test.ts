/** Completion never runs code in typed words, in any place of the command line. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { isLong } from '../harness/is-long.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { setUp } from './fake-remotify.ts';
import { shells, type Surroundings } from './shells.ts';
import { forTest } from '../harness/for-test.ts';

const words = [
  '$(touch hit)',
  '`touch hit`',
  '(touch hit)',
  '"$(touch hit)"',
  "';touch hit;'",
  'x;touch${IFS}hit;',
  'a[$(touch hit)]',
  '<(touch hit)',
];

const places: [place: string, line: (word: string) => string[]][] = [
  ['a command', (word) => [word]],
  ['a flag', (word) => ['exec', `--${word}`]],
  ["a flag's value", (word) => ['exec', `--${word}=`]],
  ['a short flag', (word) => ['exec', `-s${word}`]],
  ['a word of an enumeration', (word) => ['cancel', '--signal', word]],
  ['a word after =', (word) => ['cancel', `--signal=${word}`]],
  ['a session', (word) => ['use', word]],
  ['the first word of exec', (word) => ['exec', word]],
  ['an argument of exec', (word) => ['exec', 'ls', word]],
  ['a file in a folder', (word) => ['exec', '-f', `${word}/x`]],
  ['a folder', (word) => ['exec', '--cwd', `${word}/`]],
  ['a file after a variable', (word) => ['exec', '-f', `$HOME${word}/`]],
  ['a folder of a store', (word) => ['serve', '--store', `file:${word}/`]],
  ['a word before the last', (word) => ['-s', word, 'status', word, '--stream', '']],
  ['several arguments', (word) => ['config', word, word, '']],
];

/** In short runs each place gets a third of the words, a different third than its neighbours. */
const placeNumber = (line: (word: string) => string[]) => places.findIndex(([, own]) => own === line);

let surroundings: Surroundings;
beforeAll(async () => {
  const folder = await makeTemporaryFolder();
  surroundings = await setUp(folder, ['* prod  https://relay.example', '  $(touch hit)  x']);
  return folder.remove;
});

describe.each(shells)('$name', ({ isInstalled, complete }) => {
  test.skipIf(!isInstalled).each(places)('code in %s: not run', async (_place, line) => {
    const hit = join(surroundings.workFolder, 'hit');
    rmSync(hit, { force: true });
    const some = isLong ? words : words.filter((_word, at) => at % 3 === placeNumber(line) % 3);
    for (const word of some) {
      await complete(['remotify', ...line(word)], surroundings);
      expect(existsSync(hit), word).toBe(false);
    }
  });

  test.skipIf(!isInstalled)('invalid names in the list of sessions: not offered, and not run', async () => {
    const folder = await forTest(makeTemporaryFolder());
    const rows = ['* $(touch hit)  x', '  `touch${IFS}hit`  x', '  a/b  x', '  good  x'];
    const own = await setUp(folder, rows);
    expect(await complete(['remotify', 'exec', '-s', ''], own)).toEqual(['good']);
    expect(existsSync(join(own.workFolder, 'hit'))).toBe(false);
  });
});
