/** Checks the completions that real shells offer with the completion files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildWholeProgram } from '../../src/cli/build-program.ts';
import { runCli } from '../harness/cli.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { setUp, setUpReal } from './fake-remotify.ts';
import { shells, type Surroundings } from './shells.ts';
import { forTest } from '../harness/for-test.ts';

const program = await buildWholeProgram('0.0.0');
const commandNames = program.commands.map((command) => command.name());

const rows = [
  '* prod       https://relay.example',
  '  session-1  http://127.0.0.1:8080',
  '  no;name    x',
  '',
];

let surroundings: Surroundings;
beforeAll(async () => {
  const folder = await makeTemporaryFolder();
  surroundings = await setUp(folder, rows);
  await mkdir(join(surroundings.workFolder, 'folder one'));
  await writeFile(join(surroundings.workFolder, 'folder.sh'), '');
  return folder.remove;
});

const sessions = ['prod', 'session-1'];

const cases: [line: string[], offered: string[]][] = [
  [['ex'], ['exec']],
  [[''], [...commandNames, 'help']],
  [['--quiet', '-s', 'prod', 'ca'], ['cancel']],
  [['nothing', ''], []],
  [
    ['cancel', '--signal', ''],
    ['INT', 'TERM', 'KILL'],
  ],
  [['cancel', '--signal', 'T'], ['TERM']],
  [['cancel', 'c7', '--signal', 'K'], ['KILL']],
  [
    ['logs', '--stream', ''],
    ['stdout', 'stderr'],
  ],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['completion', 'bash', ''], []],
  [
    ['config', ''],
    ['get', 'set', 'unset', 'path'],
  ],
  [['config', 'set', ''], ['url']],
  [
    ['help', 'e'],
    ['exec', 'end'],
  ],
  [['use', ''], sessions],
  [['use', 'p'], ['prod']],
  [['use', 'prod', ''], []],
  [['end', ''], sessions],
  [['status', '-s', ''], sessions],
  [['-s', ''], sessions],
  [['exec', '-qs', 'pr'], ['prod']],
  [['exec', '--session', 'se'], ['session-1']],
  [['new', '--url', ''], []],
  [['new', '--wait', '5m', '--na'], ['--name']],
  [['exec', '-f', 'x', '--cw'], ['--cwd']],
  [['exec', '-sprod', '--cw'], ['--cwd']],
  [
    ['serve', '--store', ''],
    ['file:', 'memory:', 'redis://'],
  ],
];

describe.each(shells)('$name', ({ isInstalled, complete, name }) => {
  /** Ignores flags that zsh offers before a dash is typed, which it does where no other word is possible. */
  const ask = async (...words: string[]) => {
    const offered = await complete(['remotify', ...words], surroundings);
    const asksForFlags = words.at(-1)?.startsWith('-') === true;
    return offered.filter((each) => asksForFlags || name !== 'zsh' || !each.startsWith('-'));
  };

  test.skipIf(!isInstalled).each(cases)('%j: offers %j', async (words, offered) => {
    expect(await ask(...words)).toEqual(offered.toSorted());
  });

  test.skipIf(!isInstalled).each(commandNames)('%s: offers exactly its long flags', async (command) => {
    const { options = [] } = program.commands.find((each) => each.name() === command) ?? {};
    const flags = options.map(({ long }) => long ?? '');
    const offered = (await ask(command, '--')).filter((flag) => flag !== '--');
    expect(offered).toEqual([...flags, '--help'].toSorted());
  });

  test.skipIf(!isInstalled)('exec -: offers short flags too', async () => {
    expect(await ask('exec', '-')).toEqual(expect.arrayContaining(['-d', '-f', '-s', '-t', '--detach']));
  });

  test.skipIf(!isInstalled)('a value after =: offered, and then the next flags', async () => {
    const typed = name === 'fish' ? '--signal=' : '';
    expect(await ask('cancel', '--signal=T')).toEqual([`${typed}TERM`]);
    expect(await ask('new', '--url', 'http://127.0.0.1:1', '--na')).toEqual(['--name']);
    expect(await ask('exec', '--session=prod', '--cw')).toEqual(['--cwd']);
    expect(await ask('cancel', '--signal=')).toEqual(['INT', 'KILL', 'TERM'].map((each) => typed + each));
  });

  test.skipIf(!isInstalled)('after the first word of exec: offers no remotify flags', async () => {
    for (const words of [['ls'], ['--', 'ls'], ['-d', 'ls', '-l'], ['--cwd', '/', 'ls']]) {
      const offered = await ask('exec', ...words, '--');
      expect(offered, words.join(' ')).toEqual([]);
    }
  });

  test.skipIf(!isInstalled)(
    'the first word of exec: offers programs, except after --file, where it is an argument of the script',
    async () => {
      for (const words of [[], ['-d'], ['--'], ['-t', '5']]) {
        expect(await ask('exec', ...words, 'mkdi'), words.join(' ')).toContain('mkdir');
      }
      expect(await ask('exec', '-f', 'folder.sh', 'mkdi')).toEqual([]);
      expect(await ask('exec', '--file=folder.sh', '-d', 'mkdi')).toEqual([]);
    },
  );

  test.skipIf(!isInstalled)('no stored sessions: offers none', async () => {
    const folder = await forTest(makeTemporaryFolder());
    expect(await complete(['remotify', 'end', ''], await setUp(folder, []))).toEqual([]);
  });

  test.skipIf(!isInstalled)('sessions that the real remotify has stored: offered', async () => {
    const folder = await forTest(makeTemporaryFolder());
    const relay = await forTest(startRelay());
    const configDir = join(folder.path, 'settings');
    for (const session of ['first', 'with.dots_and-dashes']) {
      const made = await runCli(['new', '--name', session, '--url', relay.url], { configDir });
      expect(made.exitCode, made.stderr).toBe(0);
    }
    const real = await setUpReal(folder, configDir);
    expect(await complete(['remotify', 'use', ''], real)).toEqual(['first', 'with.dots_and-dashes']);
  });
});

// Bash completes files itself, outside of COMPREPLY: tab-key.test.ts tests that.
describe.each(shells.filter(({ name }) => name !== 'bash'))('$name', ({ isInstalled, complete }) => {
  const ask = async (...words: string[]) => {
    const offered = await complete(['remotify', ...words], surroundings);
    return offered.map((each) => each.replaceAll('\\', '').replace(/\/$/, '')).toSorted();
  };

  test.skipIf(!isInstalled)('where a file or folder is expected: offers files or folders', async () => {
    for (const words of [['-f'], ['ls'], ['-f', 'folder.sh'], ['--', 'ls', '-l']]) {
      expect(await ask('exec', ...words, 'fol'), words.join(' ')).toEqual(['folder one', 'folder.sh']);
    }
    expect(await ask('exec', '--cwd', 'fol')).toEqual(['folder one']);
    expect(await ask('list', '--config-dir', 'fol')).toEqual(['folder one']);
    const stores = await ask('serve', '--store', 'file:fol');
    expect(stores.map((each) => each.replace('file:', ''))).toEqual(['folder one']);
  });

  test.skipIf(!isInstalled)('where no file is expected: offers no files', async () => {
    for (const words of [['use'], ['logs'], ['cancel', '--signal'], ['new', '--name'], ['list']]) {
      expect(await ask(...words, 'fol'), words.join(' ')).toEqual([]);
    }
  });
});

const find = (wanted: string) => shells.find(({ name }) => name === wanted);

test.skipIf(!find('bash')?.isInstalled)('bash 3.2, words with = and colons: same offers', async () => {
  const whole = { ...surroundings, env: { CAPTURE_WHOLE_WORDS: '1' } };
  const ask = (...words: string[]) => find('bash')?.complete(['remotify', ...words], whole);
  expect(await ask('cancel', '--signal=T')).toEqual(['TERM']);
  expect(await ask('exec', '--session=prod', '--cw')).toEqual(['--cwd']);
  expect(await ask('new', '--url', 'http://127.0.0.1:1', '--na')).toEqual(['--name']);
});

test.skipIf(!find('zsh')?.isInstalled)('zsh, _remotify sourced, not in fpath: offers words', async () => {
  const sourced = { ...surroundings, env: { CAPTURE_SOURCE: '1' } };
  expect(await find('zsh')?.complete(['remotify', 'ex'], sourced)).toEqual(['exec']);
});
