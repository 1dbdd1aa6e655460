import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Site, startSite } from './cp-site.ts';
import { listTree } from './list-tree.ts';

// Names that a shell, a list of lines, a terminal or a temporary name may choke on.

let relay: Relay;
let site: Site;
beforeAll(async () => {
  relay = await startRelay();
  site = await startSite(relay);
  return async () => {
    await site.stop();
    await relay.stop();
  };
});

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

/** A name of the user's own, as it is typed: with its folder in front, so that no option is meant. */
describe.each(names)('%s', (_title, name) => {
  test('up, under its own name and given as the target; down again', async () => {
    const { here, there } = await site.makePair();
    const bytes = `of ${name}`;
    await writeFile(join(here, name), bytes);
    await site.cpWell([join(here, name), `:${there}`]);
    await mkdir(join(there, 'sub'));
    await site.cpWell([join(here, name), `:${there}/sub/${name}`]);
    expect((await readdir(there)).toSorted()).toEqual([name, 'sub'].toSorted());
    expect(await readFile(join(there, name), 'utf8')).toBe(bytes);
    expect(await readdir(join(there, 'sub'))).toEqual([name]);
    expect(await readFile(join(there, 'sub', name), 'utf8')).toBe(bytes);

    await mkdir(join(here, 'back'));
    await site.cpWell([`:${there}/${name}`, join(here, 'back')]);
    // Where the remote runs its commands: no name was one.
    expect(await readdir(process.cwd())).not.toContain('pwned');
    expect(await readdir(join(here, 'back'))).toEqual([name]);
    expect(await readFile(join(here, 'back', name), 'utf8')).toBe(bytes);
  });
});

test('all of them in a folder, which has such a name too: -r up and down', async () => {
  const { here, there } = await site.makePair();
  const folder = join(here, `-dir\n'"$(x)*`);
  await mkdir(folder);
  for (const [, name] of names) await writeFile(join(folder, name), name);
  await site.cpWell(['-r', folder, `:${there}/up`]);
  expect(await listTree(join(there, 'up'))).toEqual(await listTree(folder));
  await site.cpWell(['-r', `:${there}/up`, join(here, 'down')]);
  expect(await listTree(join(here, 'down'))).toEqual(await listTree(folder));
});

test('bytes that are no UTF-8 in a folder: -r keeps them, up and down', async () => {
  const { here, there } = await site.makePair();
  await mkdir(join(here, 'odd'));
  for (const word of ['\xff\xfe', 'caf\xe9', '\xc3', '\x80\n'])
    await writeFile(Buffer.concat([Buffer.from(`${here}/odd/`), Buffer.from(word, 'latin1')]), word);
  await site.cpWell(['-r', join(here, 'odd'), `:${there}`]);
  expect(await listTree(there)).toEqual(await listTree(here));
  await site.cpWell(['-r', `:${there}/odd`, join(here, 'back')]);
  expect(await listTree(join(here, 'back'))).toEqual(await listTree(join(here, 'odd')));
});

test('a path of the remote that has no last name: `:`, `:/`, `:.`: words, or the folder that is meant', async () => {
  const { here } = await site.makePair();
  for (const path of [':', ':/', ':.', ':..']) {
    // Without -r a folder is no file.
    const { exitCode, stderr } = await site.cp([path, here]);
    expect([1, 2], `${path}: ${stderr}`).toContain(exitCode);
    expect(stderr, path).toMatch(/^remotify: error: .+\nremotify: hint: .+/m);
  }
  expect(await readdir(here)).toEqual([]);
});
