/** Presses Tab in a real, interactive bash: tests how bash splits words, and what it does if COMPREPLY is empty. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { setUp } from './fake-remotify.ts';
import { completionsFolder } from './shells.ts';
import { forTest } from '../harness/for-test.ts';

const cases: [what: string, typed: string, shown: string][] = [
  ['a command', 'remotify ca', 'remotify cancel |'],
  ['a value', 'remotify cancel --signal K', 'remotify cancel --signal KILL |'],
  ['a value after =', 'remotify cancel --signal=T', 'remotify cancel --signal=TERM |'],
  ['a longer value after =', 'remotify logs --stream=stdo', 'remotify logs --stream=stdout |'],
  ['a session after =', 'remotify exec --session=', 'remotify exec --session=prod |'],
  ['a session', 'remotify use ', 'remotify use prod |'],
  ['a store with a folder: no space after it', 'remotify serve --store f', 'remotify serve --store file:|'],
  ['a store without a folder', 'remotify serve --store=m', 'remotify serve --store=memory: |'],
  [
    'a folder of a store',
    'remotify serve --store file:fol',
    String.raw`remotify serve --store file:folder\ one/|`,
  ],
  ['a folder', 'remotify exec --cwd fol', String.raw`remotify exec --cwd folder\ one/|`],
  ['a folder after =', 'remotify exec --cwd=fol', String.raw`remotify exec --cwd=folder\ one/|`],
  ['a script', 'remotify exec -f folder.', 'remotify exec -f folder.sh |'],
  ['a file to copy', 'remotify cp folder.', 'remotify cp folder.sh |'],
  [
    'no local file for a path on the remote',
    'remotify cp folder.sh :folder.',
    'remotify cp folder.sh :folder.|',
  ],
  ['an argument of exec', 'remotify exec ls folder.', 'remotify exec ls folder.sh |'],
  ['an argument of exec with =', 'remotify exec dd if=folder.', 'remotify exec dd if=folder.sh |'],
  ['the file of a redirection', 'remotify list > folder.', 'remotify list > folder.sh |'],
  ['no file for a signal', 'remotify cancel --signal folder.', 'remotify cancel --signal folder.|'],
  ['no file for a session', 'remotify use folder.', 'remotify use folder.|'],
  ['no file for a name', 'remotify new --name folder.', 'remotify new --name folder.|'],
  ['after other commands', 'cd . && X=1 remotify cancel --signal=I', 'X=1 remotify cancel --signal=INT |'],
  ['code is not run', 'remotify use $(touch${IFS}folder.hit)', 'remotify use $(touch${IFS}folder.hit)|'],
  ['code in a path is not run', 'remotify exec -f $(echo folder\\ one)/', 'exec -f $(echo folder\\ one)/|'],
];

test.skipIf(!hasTmux).each(cases)('Tab: %s', async (_what, typed, shown) => {
  const folder = await forTest(makeTemporaryFolder());
  const { binFolder, workFolder } = await setUp(folder, ['* prod  https://relay.example']);
  await mkdir(join(workFolder, 'folder one'));
  await writeFile(join(workFolder, 'folder one', 'inside'), '');
  await writeFile(join(workFolder, 'folder.sh'), '');
  const start = join(folder.path, 'bashrc');
  await writeFile(start, `cd '${workFolder}'\nsource '${completionsFolder}/remotify.bash'\nPS1='ready> '\n`);
  const terminal = await forTest(
    startTerminal(`bash --noprofile --rcfile '${start}' -i`, {
      env: { PATH: `${binFolder}:${process.env.PATH}` },
    }),
  );
  await terminal.waitForText('ready>', 10_000);
  // A bar is typed after the Tab: once the screen shows it, the completion is finished.
  await terminal.type(`${typed}\t|`);
  const screen = await terminal.waitForText('|', 10_000);
  expect(screen).toContain(shown);
});
