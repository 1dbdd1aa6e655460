import { PassThrough } from 'node:stream';
import headless from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSinks } from '../../src/cli/exec/output-sink.ts';
import { PrefixedStream } from '../../src/terminal/prefixed-stream.ts';
import { seed } from '../harness/seed.ts';

// What a real terminal shows of untrusted output with carriage returns.

type Part = ['out' | 'err', string];

/** A terminal, as Node has it: both streams go to the same screen. */
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

/** Rows that the terminal wrapped are one line. */
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

describe('the last state of a row is shown:', () => {
  test.each<[string, (Part | string)[], string[]]>([
    ['progress', ['Loading 10%\rLoading 20%\rLoading 100%\nover\n'], ['Loading 100%', 'over', '']],
    ['a shorter state after a longer one', ['Downloading\rDone\n'], ['Done', '']],
    ['a return at the end of a chunk', ['10%\r', '20%', '\r', '30%\n'], ['30%', '']],
    ['a return before each state', ['\r10%', '\r20%', '\r30%'], ['30%']],
    ['a return at the very end leaves the row', ['10%\r20%\r'], ['20%']],
    ['line ends of Windows', ['a\r\nb\r', '\nc\r\r\n'], ['a', 'b', 'c', '']],
    ['erasures beside the return', ['10%\x1b[K\r20%\r\x1b[K30%\x1b[2K\r40%\r\x1b[2K50%'], ['50%']],
    ['an erasure that is cut', ['10%\r\x1b', '[', 'K20%\x1b[', '2K', '\r', '30%'], ['30%']],
    ['a row that is erased at the end', ['before\n10%\r\x1b[K'], ['before', '']],
    ['an erased row and a line end', ['10%\r\x1b[K\nafter'], ['', 'after']],
    ['bars', ['▏██░░▕\r▏████▕\n'], ['▏████▕', '']],
    ['wide characters', ['漢字漢字\r漢\n'], ['漢', '']],
    ['tabs', ['a\tb\rc\n'], ['c', '']],
    [
      'stderr as well',
      [
        ['err', '10%\r'],
        ['err', '20%\n'],
      ],
      ['20%', ''],
    ],
  ])('%s', async (_title, parts, expected) => {
    expect(await show(parts)).toEqual(expected);
  });
});

describe('nothing else is hidden:', () => {
  test.each<[string, (Part | string)[], string[]]>([
    ['rows above', ['one\ntwo\n\rthree\rfour\n'], ['one', 'two', 'four', '']],
    [
      'what the other stream wrote on the row',
      ['Password: ', ['err', '10%\r20%\r30%\n']],
      ['Password: 10%', '30%', ''],
    ],
    ['a return of the other stream alone', ['Password: ', ['err', '\rx']], ['Password: ', 'x']],
    ['backspaces', ['abc\b\b\bxyz\n'], [String.raw`abc\x08\x08\x08xyz`, '']],
    ['an erasure without a return', ['abc\x1b[2Kdef\x1b[K\n'], [String.raw`abc\x1b[2Kdef\x1b[K`, '']],
    ['other sequences', ['abc\x1b[A\r\x1b[2Jx'], [String.raw`\x1b[2Jx`]],
    ['an erasure of what is before the cursor', ['abc\r\x1b[1Kx'], [String.raw`\x1b[1Kx`]],
    ['the rest of a cut sequence at the end', ['abc\x1b[2K'], [String.raw`abc\x1b[2K`]],
  ])('%s', async (_title, parts, expected) => {
    expect(await show(parts)).toEqual(expected);
  });

  test('a row that is as wide as the terminal is redrawn, a wider one is left and a new one begun', async () => {
    expect(await show([`${'a'.repeat(20)}\rb\n`], 20)).toEqual(['b', '']);
    expect(await show([`${'a'.repeat(21)}\rb\n`], 20)).toEqual(['a'.repeat(21), 'b', '']);
    expect(await show([`${'漢'.repeat(11)}\rb\n`], 20)).toEqual(['漢'.repeat(11), 'b', '']);
    expect(await show([`${'a'.repeat(12)}`, `${'a'.repeat(9)}\rb\rc`], 20)).toEqual(['a'.repeat(21), 'c']);
  });

  test('the terminal became narrower than the row: a new one is begun', async () => {
    const { sinks, resize, bytes } = await openTerminal(40);
    await sinks.stdout.write(Buffer.from('a'.repeat(30)));
    resize(20);
    await sinks.stdout.write(Buffer.from('\rb\rc'));
    expect(await readLines(bytes(), 40)).toEqual(['a'.repeat(30), 'c']);
  });

  test('a terminal that cannot erase, or of unknown width: each state on a row of its own', async () => {
    expect(await show(['10%\r20%\n'], 40, 'dumb')).toEqual(['10%', '20%', '']);
    const { sinks, bytes } = await openTerminal(0);
    await sinks.stdout.write(Buffer.from('10%\r20%\n'));
    expect(await readLines(bytes(), 40)).toEqual(['10%', '20%', '']);
  });

  test('an erased row gets no colour from the state after it', async () => {
    const { sinks, bytes } = await openTerminal(40);
    await sinks.stdout.write(Buffer.from('10%\r\x1b[44m20%\x1b[0m\n'));
    expect(bytes().toString()).toBe('10%\r\x1b[K\x1b[44m20%\x1b[0m\n');
  });
});

test('any output, cut anywhere, at any width: a row is redrawn whole or left as it is', async () => {
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
      // A cell stays empty where a wide character does not fit the end of a row.
      const lines = (await readLines(shown(), columns)).map((line) => line.replaceAll(' ', ''));
      expect(lines).toEqual(expectLines(chosen, columns));
    }),
    { seed, numRuns: 300 },
  );
});

/** The same without chunks and bytes. */
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

test('several sources on one terminal: each line whole, in its last state', async () => {
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

test('several sources on one terminal, raw: byte for byte, with names in front', async () => {
  const { stdout, bytes } = await openTerminal(40);
  const one = new PrefixedStream(stdout, 'one');
  const { stdout: sink } = await openSinks({ stdout: one, stderr: one }, true, 'xterm');
  await sink.write(Buffer.from('1%\r2%\r\n3%\r4%'));
  const closed = new Promise((resolve) => one.once('close', resolve));
  one.end();
  await closed;
  expect(bytes().toString()).toBe('one: 1%\r2%\r\none: 3%\r4%\n');
});
