import { describe, expect, test } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import { binaryPath } from '../harness/binary.ts';
import { runCli } from '../harness/cli.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux, startTerminal } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { endedWell } from '../harness/prompts.ts';

// Help is wrapped at the width of the terminal, and a command's own options come first.

const names = Object.keys(commandTable);
const widths = [40, 60, 80, 120, 200];

async function help(args: string[], env: Record<string, string> = {}): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  const { exitCode, stdout, stderr } = await runCli(args, { configDir: folder.path, env });
  expect([exitCode, stderr]).toEqual([0, '']);
  return stdout.toString('utf8');
}

const linesOf = (text: string): string[] => text.trimEnd().split('\n');

const isExample = (line: string): boolean => line.startsWith('  $ ');

/** A word that cannot be wrapped, such as an address or a flag with its value. */
function isOneWord(line: string): boolean {
  return /^ *(-[a-zA-Z], )?\S+( [<[]\S+[>\]])?$/.test(line);
}

/** Finds lines whose first word would have fitted into the line before, in the same paragraph. */
function findEarlyBreaks(lines: readonly string[], width: number): string[] {
  return lines.flatMap((line, at) => {
    const next = lines[at + 1] ?? '';
    const isParagraph = (each: string): boolean => /^\S/.test(each) && !/^(Usage|.*:$)/.test(each);
    if (!isParagraph(line) || !isParagraph(next)) return [];
    const word = next.split(' ')[0] ?? '';
    return line.length + 1 + word.length <= width ? [`${line}\n${next}`] : [];
  });
}

describe.each(names)('%s --help', (name) => {
  test.each(widths)(
    'at %i columns: no line is longer, no line breaks early, examples are not wrapped',
    async (width) => {
      const text = await help([name, '--help'], { COLUMNS: String(width) });
      const lines = linesOf(text);
      const long = lines.filter((line) => line.length > width && !isExample(line) && !isOneWord(line));
      expect(long).toEqual([]);
      expect(findEarlyBreaks(lines, width)).toEqual([]);
      expect(lines.some(isExample), text).toBe(true);
      for (const line of lines.filter(isExample)) expect(text).toContain(`${line}\n`);
    },
  );

  test('own options come first, global options last', async () => {
    const text = await help([name, '--help']);
    const at = text.indexOf('\nGlobal options:\n');
    expect(at).toBeGreaterThan(0);
    const own = text.indexOf('\nOptions:\n');
    expect(own).toBeLessThan(at);
    const globals = text.slice(at).split('\n\n')[0];
    for (const flag of ['--url', '--session', '--json', '--quiet', '--no-color', '--config-dir', '--help'])
      expect(globals).toContain(flag);
    expect(text.slice(0, at)).not.toMatch(/^ {2}(-q, --quiet|--json|-h, --help)/m);
  });

  test('--help, help COMMAND and -h print the same', async () => {
    const text = await help([name, '--help']);
    expect(await help(['help', name])).toBe(text);
    expect(await help([name, '-h'])).toBe(text);
  });
});

test('help without COLUMNS, or with an invalid value: 80 columns', async () => {
  const text = await help(['cancel', '--help']);
  for (const COLUMNS of ['80', '0', '-1', 'wide', '1e99', ''])
    expect(await help(['cancel', '--help'], { COLUMNS })).toBe(text);
  expect(Math.max(...linesOf(text).map(({ length }) => length))).toBeLessThanOrEqual(80);
});

test('remotify without arguments: help with every command and examples on stdout, and 0', async () => {
  const text = await help([]);
  for (const name of names) expect(text).toMatch(new RegExp(`^  ${name} `, 'm'));
  expect(text).toMatch(/^ {2}\$ remotify exec /m);
  expect(await help(['--help'])).toBe(text);
  expect(text).not.toMatch(/Everywhere|no words on the way|show this/);
});

test.skipIf(!hasTmux).each([60, 100])('help on a terminal of %i columns: its width', async (columns) => {
  await forTest(makeTemporaryFolder());
  const terminal = await forTest(
    startTerminal(`'${process.execPath}' '${binaryPath}' cancel --help`, {
      columns,
      rows: 60,
    }),
  );
  const screen = await terminal.waitForText(endedWell, 15_000);
  const shown = await help(['cancel', '--help'], { COLUMNS: String(columns) });
  expect(screen.slice(0, screen.indexOf('\n[the command')).trimEnd()).toBe(shown.trimEnd());
});
