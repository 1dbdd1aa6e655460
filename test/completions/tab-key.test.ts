/** The Tab key in a real, interactive bash: how it breaks words, and what it does where COMPREPLY stays empty. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { setUp } from './fake-remotify.ts';
import { completionsFolder } from './shells.ts';

const cases: [what: string, typed: string, shown: string][] = [
  ['a command', 'remotify ca', 'remotify cancel |'],
  ['a value', 'remotify cancel --signal K', 'remotify cancel --signal KILL |'],
  ['a value behind =', 'remotify cancel --signal=T', 'remotify cancel --signal=TERM |'],
  ['nothing behind = yet', 'remotify logs --stream=stdo', 'remotify logs --stream=stdout |'],
  ['a session behind =', 'remotify exec --session=', 'remotify exec --session=prod |'],
  ['a session', 'remotify use ', 'remotify use prod |'],
  ['a store that goes on', 'remotify serve --store f', 'remotify serve --store file:|'],
  ['a store that does not', 'remotify serve --store=m', 'remotify serve --store=memory: |'],
  [
    'a folder of a store',
    'remotify serve --store file:fol',
    String.raw`remotify serve --store file:folder\ one/|`,
  ],
  ['a folder', 'remotify exec --cwd fol', String.raw`remotify exec --cwd folder\ one/|`],
  ['a folder behind =', 'remotify exec --cwd=fol', String.raw`remotify exec --cwd=folder\ one/|`],
  ['a script', 'remotify exec -f folder.', 'remotify exec -f folder.sh |'],
  ['an argument of exec', 'remotify exec ls folder.', 'remotify exec ls folder.sh |'],
  ['an argument of exec with =', 'remotify exec dd if=folder.', 'remotify exec dd if=folder.sh |'],
  ['where the output goes', 'remotify list > folder.', 'remotify list > folder.sh |'],
  ['no file for a signal', 'remotify cancel --signal folder.', 'remotify cancel --signal folder.|'],
  ['no file for a session', 'remotify use folder.', 'remotify use folder.|'],
  ['no file for a name', 'remotify new --name folder.', 'remotify new --name folder.|'],
  ['after other commands', 'cd . && X=1 remotify cancel --signal=I', 'X=1 remotify cancel --signal=INT |'],
  ['nothing is run', 'remotify use $(touch${IFS}folder.hit)', 'remotify use $(touch${IFS}folder.hit)|'],
  ['nothing is run in a path', 'remotify exec -f $(echo folder\\ one)/', 'exec -f $(echo folder\\ one)/|'],
];

test.skipIf(!hasTmux).each(cases)('%s', async (_what, typed, shown) => {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const { binFolder, workFolder } = await setUp(folder, ['* prod  https://relay.example']);
  await mkdir(join(workFolder, 'folder one'));
  await writeFile(join(workFolder, 'folder one', 'inside'), '');
  await writeFile(join(workFolder, 'folder.sh'), '');
  const start = join(folder.path, 'bashrc');
  await writeFile(start, `cd '${workFolder}'\nsource '${completionsFolder}/remotify.bash'\nPS1='ready> '\n`);
  const terminal = await startTerminal(`bash --noprofile --rcfile '${start}' -i`, {
    env: { PATH: `${binFolder}:${process.env.PATH}` },
  });
  onTestFinished(terminal.close);
  await terminal.waitForText('ready>', 10_000);
  // The bar is typed after the Tab: where it is, the completion is over.
  await terminal.type(`${typed}\t|`);
  const screen = await terminal.waitForText('|', 10_000);
  expect(screen).toContain(shown);
});
