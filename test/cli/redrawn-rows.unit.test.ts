import { PassThrough } from 'node:stream';
import headless from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSinks } from '../../src/cli/exec/output-sink.ts';
import { PrefixedStream } from '../../src/terminal/prefixed-stream.ts';
import { seed } from '../harness/seed.ts';

// The screen of a real terminal after untrusted output with carriage returns.

type Part = ['out' | 'err', string];

/** A terminal like in Node: both streams write to the same screen. */
async function openTerminal(columns: number, term = 'xterm') {
  const written: Buffer[] = [];
  const make = () => {
    const stream = new PassThrough();
    stream.on('data', (chunk: Buffer) => written.push(chunk));
    return Object.assign(stream, { isTTY: true, columns });
  };
  const [stdout, stderr] = [make(), make()];
  const sinks = await openSinks({ stdout, stderr }, false, term);
  const resize = (now: number): void => {
    stdout.columns = now;
    stderr.columns = now;
  };
  return { sinks, resize, bytes: () => Buffer.concat(written), stdout, stderr };
}

/** Reads the lines of the screen, with wrapped rows joined. */
async function readLines(bytes: Uint8Array, columns: number): Promise<string[]> {
  const options = { cols: columns, rows: 24, scrollback: 5_000, allowProposedApi: true, convertEol: true };
  const terminal = new headless.Terminal(options);
  await new Promise<void>((resolve) => terminal.write(bytes, resolve));
  const { active } = terminal.buffer;
  const lines: string[] = [];
  for (let at = 0; at <= active.baseY + active.cursorY; at++) {
    const row = active.getLine(at);
    const isWhole = active.getLine(at + 1)?.isWrapped !== true;
    const text = row?.translateToString(isWhole) ?? '';
    if (row?.isWrapped === true) lines[lines.length - 1] += text;
    else lines.push(text);
  }
  terminal.dispose();
  return lines;
}

async function show(parts: readonly (Part | string)[], columns = 40, term?: string): Promise<string[]> {
  const { sinks, bytes } = await openTerminal(columns, term);
  for (const part of parts) {
    const [name, text] = typeof part === 'string' ? (['out', part] as const) : part;
    await (name === 'out' ? sinks.stdout : sinks.stderr).write(Buffer.from(text));
  }
  await sinks.stdout.end();
  await sinks.stderr.end();
  return readLines(bytes(), columns);
}

describe('a redrawn row shows its last text', () => {
  test.each<[string, (Part | string)[], string[]]>([
    ['progress', ['Loading 10%\rLoading 20%\rLoading 100%\nover\n'], ['Loading 100%', 'over', '']],
    ['a shorter text after a longer one', ['Downloading\rDone\n'], ['Done', '']],
    ['a carriage return at the end of a chunk', ['10%\r', '20%', '\r', '30%\n'], ['30%', '']],
    ['a carriage return before each text', ['\r10%', '\r20%', '\r30%'], ['30%']],
    ['a carriage return at the end of the output', ['10%\r20%\r'], ['20%']],
    ['CRLF line ends', ['a\r\nb\r', '\nc\r\r\n'], ['a', 'b', 'c', '']],
    ['erase sequences next to returns', ['10%\x1b[K\r20%\r\x1b[K30%\x1b[2K\r40%\r\x1b[2K50%'], ['50%']],
    ['an erase sequence split between chunks', ['10%\r\x1b', '[', 'K20%\x1b[', '2K', '\r', '30%'], ['30%']],
    ['a row that is erased at the end', ['before\n10%\r\x1b[K'], ['before', '']],
    ['an erased row and a line end', ['10%\r\x1b[K\nafter'], ['', 'after']],
    ['progress bars', ['▏██░░▕\r▏████▕\n'], ['▏████▕', '']],
    ['wide characters', ['漢字漢字\r漢\n'], ['漢', '']],
    ['tabs', ['a\tb\rc\n'], ['c', '']],
    [
      'the same on stderr',
      [
        ['err', '10%\r'],
        ['err', '20%\n'],
      ],
      ['20%', ''],
    ],
  ])('%s: the last text is on the screen', async (_title, parts, expected) => {
    expect(await show(parts)).toEqual(expected);
  });
});

describe('no other output is hidden', () => {
  test.each<[string, (Part | string)[], string[]]>([
    ['rows above', ['one\ntwo\n\rthree\rfour\n'], ['one', 'two', 'four', '']],
    [
      'text of the other stream on the same row',
      ['Password: ', ['err', '10%\r20%\r30%\n']],
      ['Password: 10%', '30%', ''],
    ],
    ['a carriage return of the other stream', ['Password: ', ['err', '\rx']], ['Password: ', 'x']],
    ['backspaces', ['abc\b\b\bxyz\n'], [String.raw`abc\x08\x08\x08xyz`, '']],
    ['an erase sequence without a return', ['abc\x1b[2Kdef\x1b[K\n'], [String.raw`abc\x1b[2Kdef\x1b[K`, '']],
    ['other escape sequences', ['abc\x1b[A\r\x1b[2Jx'], [String.raw`\x1b[2Jx`]],
    ['an erase sequence for the text before the cursor', ['abc\r\x1b[1Kx'], [String.raw`\x1b[1Kx`]],
    ['an erase sequence at the end of the output', ['abc\x1b[2K'], [String.raw`abc\x1b[2K`]],
  ])('%s: not hidden', async (_title, parts, expected) => {
    expect(await show(parts)).toEqual(expected);
  });

  test('a row as wide as the terminal is redrawn; after a wider one a new row begins', async () => {
    expect(await show([`${'a'.repeat(20)}\rb\n`], 20)).toEqual(['b', '']);
    expect(await show([`${'a'.repeat(21)}\rb\n`], 20)).toEqual(['a'.repeat(21), 'b', '']);
    expect(await show([`${'漢'.repeat(11)}\rb\n`], 20)).toEqual(['漢'.repeat(11), 'b', '']);
    expect(await show([`${'a'.repeat(12)}`, `${'a'.repeat(9)}\rb\rc`], 20)).toEqual(['a'.repeat(21), 'c']);
  });

  test('the terminal becomes narrower than the row: a new row begins', async () => {
    const { sinks, resize, bytes } = await openTerminal(40);
    await sinks.stdout.write(Buffer.from('a'.repeat(30)));
    resize(20);
    await sinks.stdout.write(Buffer.from('\rb\rc'));
    expect(await readLines(bytes(), 40)).toEqual(['a'.repeat(30), 'c']);
  });

  test('a dumb terminal, or one of unknown width: each text on a row of its own', async () => {
    expect(await show(['10%\r20%\n'], 40, 'dumb')).toEqual(['10%', '20%', '']);
    const { sinks, bytes } = await openTerminal(0);
    await sinks.stdout.write(Buffer.from('10%\r20%\n'));
    expect(await readLines(bytes(), 40)).toEqual(['10%', '20%', '']);
  });

  test('a row is erased before the colour of the next text is set', async () => {
    const { sinks, bytes } = await openTerminal(40);
    await sinks.stdout.write(Buffer.from('10%\r\x1b[44m20%\x1b[0m\n'));
    expect(bytes().toString()).toBe('10%\r\x1b[K\x1b[44m20%\x1b[0m\n');
  });
});

test('random output, chunks and widths: a row is redrawn completely or not at all', async () => {
  const atoms = ['\r', '\r', '\n', '\r\n', '\x1b[31m', '\x1b[0m', 'x', 'loading', '█░', '漢字', '\r\x1b[K'];
  const input = fc.record({
    atoms: fc.array(fc.constantFrom(...atoms), { maxLength: 40 }),
    cuts: fc.array(fc.nat({ max: 200 }), { maxLength: 10 }),
    columns: fc.integer({ min: 4, max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(input, async ({ atoms: chosen, cuts, columns }) => {
      const bytes = Buffer.from(chosen.join(''));
      const { sinks, bytes: shown } = await openTerminal(columns);
      let from = 0;
      for (const cut of [...cuts.filter((at) => at < bytes.length).toSorted((a, b) => a - b), bytes.length]) {
        await sinks.stdout.write(bytes.subarray(from, cut));
        from = cut;
      }
      await sinks.stdout.end();
      // A cell at the end of a row stays empty if a wide character does not fit.
      const lines = (await readLines(shown(), columns)).map((line) => line.replaceAll(' ', ''));
      expect(lines).toEqual(expectLines(chosen, columns));
    }),
    { seed, numRuns: 300 },
  );
});

/** The expected lines, computed without chunks and bytes. */
function expectLines(atoms: readonly string[], columns: number): string[] {
  const lines = [''];
  let isReturned = false;
  const widthOf = (line: string): number =>
    Array.from(line).reduce((sum, char) => sum + (/[漢字]/u.test(char) ? 2 : 1), 0);
  const restart = (): void => {
    if (widthOf(lines.at(-1) ?? '') > columns) lines.push('');
    else lines[lines.length - 1] = '';
  };
  for (const atom of atoms) {
    if (atom === '\r') isReturned = true;
    else if (atom.endsWith('\n')) {
      lines.push('');
      isReturned = false;
    } else if (atom.endsWith('K')) {
      isReturned = true;
      restart();
    } else if (!atom.endsWith('m')) {
      if (isReturned) restart();
      isReturned = false;
      lines[lines.length - 1] += atom;
    }
  }
  return lines;
}

test('several sessions on one terminal: each line complete, with its last text', async () => {
  const { stdout, bytes } = await openTerminal(40);
  const [one, two] = [new PrefixedStream(stdout, 'one'), new PrefixedStream(stdout, 'two')];
  const sinks = await Promise.all(
    [one, two].map(
      async (stream) => (await openSinks({ stdout: stream, stderr: stream }, false, 'xterm')).stdout,
    ),
  );
  for (const percent of [10, 20, 100])
    for (const sink of sinks) await sink.write(Buffer.from(`\rLoading ${percent}%`));
  await sinks[0]?.write(Buffer.from('\nnext 1%\rnext 2%\r\nlast 1%\rlast 2%\r'));
  for (const sink of sinks) await sink.end();
  const closed = [one, two].map((stream) => new Promise((resolve) => stream.once('close', resolve)));
  one.end();
  two.end();
  await Promise.all(closed);
  const lines = ['one: Loading 100%', 'one: next 2%', 'one: last 2%', 'two: Loading 100%', ''];
  expect(await readLines(bytes(), 40)).toEqual(lines);
});

test('several sessions on one terminal, raw: output unchanged after the names', async () => {
  const { stdout, bytes } = await openTerminal(40);
  const one = new PrefixedStream(stdout, 'one');
  const { stdout: sink } = await openSinks({ stdout: one, stderr: one }, true, 'xterm');
  await sink.write(Buffer.from('1%\r2%\r\n3%\r4%'));
  const closed = new Promise((resolve) => one.once('close', resolve));
  one.end();
  await closed;
  expect(bytes().toString()).toBe('one: 1%\r2%\r\none: 3%\r4%\n');
});
