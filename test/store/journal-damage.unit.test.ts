import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import { copyAsKilled, makeFolder, open } from './folder-kit.ts';
import { readEnds, renderLine } from './journal-kit.ts';
import { makeSession, nameOf, push } from './store-kit.ts';

const { name } = makeSession();

test.each([
  ['a flipped bit', (line: Buffer) => line.fill((line[20] ?? 0) ^ 1, 20, 21)],
  ['zeros', (line: Buffer) => line.fill(0, 0, line.length - 1)],
  ['another checksum', (line: Buffer) => line.fill('0', 0, 8)],
  ['a line end', (line: Buffer) => line.fill('\n', 30, 31)],
])('a journal line with %s: it is skipped with a warning, later lines are applied', async (_name, damage) => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  const other = makeSession(nameOf('b'));
  await store.create(other);
  await push(store, name, 'echo 1');
  await push(store, name, 'echo 2');
  const expected = await store.read(name);
  const copy = await copyAsKilled(folder);
  const path = join(copy, 'journal');
  const text = await readFile(path);
  const [, , second = 0, third = 0] = await readEnds(path);
  damage(text.subarray(second, third));
  await writeFile(path, text);
  // Files of a session that the damaged lines may have created.
  const unknown = join(copy, 'sessions', nameOf('c'), 'c1');
  await mkdir(unknown, { recursive: true });
  await writeFile(join(unknown, 'script'), 'echo\n');
  const warnings: string[] = [];
  const after = await open(copy, (line) => warnings.push(line));
  expect(warnings).toEqual([expect.stringMatching(/^the journal is damaged: skipped [12] unreadable lines/)]);
  // The lost line had the first command; the next line has only the second.
  expect(await after.read(name)).toEqual({ ...expected, commands: expected.commands.slice(1) });
  expect(await after.read(other.name)).toEqual(other);
  expect(await readFile(join(unknown, 'script'), 'utf8')).toBe('echo\n');
});

test.each([1, 4, 99])('a journal of unknown format %i: open fails, the file is unchanged', async (format) => {
  const folder = await makeFolder();
  await mkdir(folder);
  const path = join(folder, 'journal');
  const text = renderLine({ format }) + renderLine({ session: makeSession(), commands: [] });
  await writeFile(path, text);
  await expect(openFileStore(folder, { warn: () => undefined })).rejects.toThrow(
    `unknown journal format ${format}`,
  );
  expect(await readFile(path, 'utf8')).toBe(text);
});
