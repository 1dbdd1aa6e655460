import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { drawRanges, renderRanges } from './letter-ranges.ts';
import { forTest } from '../harness/for-test.ts';

// Which characters the runner shows unescaped: the tests call its own functions with a text.

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** Unicode version of the data from which the table in letters.sh was generated. */
const unicode = '17.0';

test.skipIf(process.versions.unicode !== unicode)(
  `the table in letters.sh equals the ranges computed from Unicode ${unicode}`,
  async () => {
    const source = await readFile(at('src/runner/letters.sh'), 'utf8');
    expect(source).toContain(`load_letters() {\n  found=0\n${renderRanges(drawRanges())}}\n`);
  },
);

test('the table has no control, format, bidirectional, private, unassigned or blank character', () => {
  const bad = /[\p{C}\p{Z}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\u2800\u3164\uffa0]/u;
  const found = drawRanges().flatMap(({ from, to }) => {
    const codes = Array.from({ length: to - from + 1 }, (_, nth) => from + nth);
    return codes.filter((code) => bad.test(String.fromCodePoint(code)));
  });
  expect(found).toEqual([]);
});

const driver = String.raw`
  take() { printf '%s%s\n' "$row_mark" "$row"; }
  take_row=take width=$1 keeps_syntax=$2
  know_locale
  load_text "$3"
  lay_out '>>> ' '  | ' '  : '
`;

type How = { locale?: string; width?: number; keepsSyntax?: boolean };

async function show(text: string | Buffer, how: How = {}): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  const runner = await readFile(at('dist/runner.sh'), 'utf8');
  const script = join(folder.path, 'driver.sh');
  await writeFile(script, `${runner.slice(0, runner.lastIndexOf('main "$@"'))}${driver}}\n`);
  await writeFile(join(folder.path, 'text'), text);
  const env = cleanEnvironment(folder.path, { LANG: how.locale ?? 'C.UTF-8' });
  const words = [String(how.width ?? 70), how.keepsSyntax ? '1' : '0', join(folder.path, 'text')];
  const { stdout } = await promisify(execFile)('bash', [script, ...words], { env });
  return stdout;
}

describe('in a UTF-8 locale', () => {
  test.each([
    ['accents', 'echo héllo wörld'],
    ['ideographs, kana and Hangul', 'echo 日本語 カタカナ ひらがな 한국어'],
    ['Cyrillic', 'echo Привет, мир'],
    ['Greek', 'echo Ελλάδα'],
    ['Devanagari and Thai with their marks', 'echo नमस्ते ไทยที่'],
    ['symbols', 'echo ✓ → € 😀 § — …'],
    ['Latin letters beside ideographs', 'echo foo日本bar'],
  ])('%s are shown unescaped', async (_name, text) => {
    expect(await show(text)).toBe(`>>> ${text}\n`);
  });

  test.each([
    ['a control character of C1', '\u009b2J', 'M-BM-^[2J'],
    ['a zero-width space', '\u200b', 'M-bM-^@M-^K'],
    ['a bidirectional override', '\u202e', 'M-bM-^@M-.'],
    ['a letter written from right to left', '\u05d0', 'M-WM-^P'],
    ['a non-breaking space', '\u00a0', 'M-BM- '],
    ['a blank filler', '\u3164', 'M-cM-^EM-$'],
    ['a soft hyphen', '\u00ad', 'M-BM--'],
    ['a variation selector', '\ufe0f', 'M-oM-8M-^O'],
    ['a private character', '\ue000', 'M-nM-^@M-^@'],
    ['a combining accent', 'e\u0301', 'eM-LM-^A'],
    ['a mark with no letter before it', '\u0e48', 'M-`M-9M-^H'],
    ['a quote that looks like that of a shell', '\u2019', 'M-bM-^@M-^Y'],
  ])('%s is escaped', async (_name, text, spelled) => {
    expect(await show(`a ${text} b`)).toBe(`>>> a ${spelled} b\n`);
  });

  test.each([
    ['a lone continuation byte', [0x80], 'M-^@'],
    ['an overlong form', [0xc0, 0xaf], 'M-@M-/'],
    ['an overlong form of three bytes', [0xe0, 0x80, 0xaf], 'M-`M-^@M-/'],
    ['a surrogate', [0xed, 0xa0, 0x80], 'M-mM- M-^@'],
    ['a character that is cut short', [0xe6, 0x97], 'M-fM-^W'],
    ['a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], 'M-tM-^PM-^@M-^@'],
  ])('invalid UTF-8, %s: it is escaped', async (_name, bytes, spelled) => {
    const text = Buffer.concat([Buffer.from('a '), Buffer.from(bytes), Buffer.from(' b')]);
    expect(await show(text)).toBe(`>>> a ${spelled} b\n`);
  });

  test.each([
    ['Cyrillic', 'p\u0430ypal', 'pM-PM-0ypal'],
    ['Greek', 'ls_\u03bf', 'ls_M-NM-?'],
    ['Armenian', '\u0570ome', 'M-UM-0ome'],
    ['Cherokee', '\u13a0bc', 'M-aM-^NM- bc'],
    ['fullwidth letters', 'r\uff4d', 'rM-oM-=M-^M'],
    ['mathematical letters', '\u{1d42b}m', 'M-pM-^]M-^PM-+m'],
  ])('a word of Latin and %s: the non-Latin letters are escaped', async (_name, word, spelled) => {
    expect(await show(`x ${word} y`)).toBe(`>>> x ${spelled} y\n`);
  });

  test('a word longer than the window of the runner: letters that look like Latin are escaped', async () => {
    const text = `${'\u0430'.repeat(400)}x`;
    expect((await show(text)).replaceAll(/\n {2}: /g, '')).toBe(`>>> ${'M-PM-0'.repeat(400)}x\n`);
  });

  test('a typographic quote in output is shown unescaped', async () => {
    expect(await show('‘file’', { keepsSyntax: true })).toBe('>>> ‘file’\n');
  });

  test('each non-ASCII character counts as two columns', async () => {
    expect(await show('aé日本語b', { width: 4 })).toBe('>>> aé\n  : 日本\n  : 語b\n');
  });
});

test('in the C locale every non-ASCII byte is escaped', async () => {
  expect(await show('echo é日\t\u007f', { locale: 'C' })).toBe('>>> echo M-CM-)M-fM-^WM-%^I^?\n');
});
