import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isLong } from '../harness/is-long.ts';
import { startSiteWithRelay } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { forFile } from '../harness/for-file.ts';

// cp with names that may break a shell, a list of lines, a terminal or a temporary name.

const site = forFile('the site', startSiteWithRelay);

const names = [
  ['spaces', ' two  spaces '],
  ['a newline', 'one\ntwo'],
  ['a newline at the end', 'end\n'],
  ['a tab and a carriage return', 'a\tb\rc'],
  ['a leading dash', '-rf'],
  ['a leading dash and an equals sign', '--target-directory=x'],
  ['quotes', `it's "a"`],
  ['backslashes', String.raw`a\b\n\\`],
  ['a pattern', '*?[a]{b,c}'],
  ['a substitution', '$(touch pwned) `touch pwned` ${HOME}'],
  ['operators', 'a;touch pwned&b|c>d<e#f!g'],
  ['a leading tilde', '~root'],
  ['a leading colon', ':colon'],
  ['a leading hash', '# remotify cp'],
  ['a terminal sequence', '\u001b[2J\u001b]0;x\u0007'],
  ['letters beyond ASCII', 'über 漢字 👍 e\u0301'],
  ['right-to-left marks', 'a\u202egnp.exe'],
  ['three dots', '...'],
  ['255 bytes', 'n'.repeat(255)],
  ['255 bytes of two-byte letters', `x${'ü'.repeat(127)}`],
] as const;

// No name ran as a command: it would have left a file where the remote runs its commands.
const expectNoTrace = async () => expect(await readdir(process.cwd())).not.toContain('pwned');

test('all hard names in one command, up and down again: each file keeps its name', async () => {
  const { here, there } = await site.makePair();
  for (const [, name] of names) await writeFile(join(here, name), `of ${name}`);
  await site.cpWell([...names.map(([, name]) => join(here, name)), `:${there}`]);
  expect(await listTree(there)).toEqual(await listTree(here));
  await mkdir(join(here, 'back'));
  await site.cpWell([...names.map(([, name]) => `:${there}/${name}`), join(here, 'back')]);
  expect(await listTree(join(here, 'back'))).toEqual(await listTree(there));
  await expectNoTrace();
});

const hard = [
  'a newline',
  'a newline at the end',
  'a leading dash',
  'a substitution',
  'a leading tilde',
  '255 bytes',
];
const alone = names.filter(([title]) => isLong || hard.includes(title));

test.each(alone)('a single name with %s: uploaded and downloaded under it', async (_title, name) => {
  const { here, there } = await site.makePair();
  await writeFile(join(here, name), `of ${name}`);
  await site.cpWell([join(here, name), `:${there}/${name}`]);
  expect(await listTree(there)).toEqual(await listTree(here));
  await mkdir(join(here, 'back'));
  await site.cpWell([`:${there}/${name}`, join(here, 'back', name)]);
  expect(await listTree(join(here, 'back'))).toEqual(await listTree(there));
  await expectNoTrace();
});

test('all hard names in a folder with a hard name: -r keeps them, up and down', async () => {
  const { here, there } = await site.makePair();
  const folder = join(here, `-dir\n'"$(x)*`);
  await mkdir(folder);
  for (const [, name] of names) await writeFile(join(folder, name), name);
  await site.cpWell(['-r', folder, `:${there}/up`]);
  expect(await listTree(join(there, 'up'))).toEqual(await listTree(folder));
  await site.cpWell(['-r', `:${there}/up`, join(here, 'down')]);
  expect(await listTree(join(here, 'down'))).toEqual(await listTree(folder));
});

test('names that are not UTF-8 in a folder: -r keeps their bytes, up and down', async () => {
  const { here, there } = await site.makePair();
  await mkdir(join(here, 'odd'));
  for (const word of ['\xff\xfe', 'caf\xe9', '\xc3', '\x80\n'])
    await writeFile(Buffer.concat([Buffer.from(`${here}/odd/`), Buffer.from(word, 'latin1')]), word);
  await site.cpWell(['-r', join(here, 'odd'), `:${there}`]);
  expect(await listTree(there)).toEqual(await listTree(here));
  await site.cpWell(['-r', `:${there}/odd`, join(here, 'back')]);
  expect(await listTree(join(here, 'back'))).toEqual(await listTree(join(here, 'odd')));
});

test('a path on the remote without a last name (`:`, `:/`, `:.`, `:..`), without -r: an error with a hint', async () => {
  const { here } = await site.makePair();
  for (const path of [':', ':/', ':.', ':..']) {
    // Each of these is a folder, which cp refuses without -r.
    const { exitCode, stderr } = await site.cp([path, here]);
    expect([1, 2], `${path}: ${stderr}`).toContain(exitCode);
    expect(stderr, path).toMatch(/^remotify: error: .+\nremotify: hint: .+/m);
  }
  expect(await readdir(here)).toEqual([]);
});
