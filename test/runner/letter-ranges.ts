/**
 * Computes the code points that the runner shows unescaped, from the Unicode data of this Node. `npm run letters` writes the ranges
 * into src/runner/letters.sh.
 */

/** 1 other printable characters · 2 Latin · 3 letters that look like Latin · 4 combining marks · 5 lookalikes of shell syntax. */
export type Range = { from: number; to: number; kind: 1 | 2 | 3 | 4 | 5 };

// Left-to-right scripts in everyday use. A terminal may reorder a row that contains right-to-left letters.
const lettersOf = (scripts: string) =>
  new RegExp(`[${scripts.replaceAll(/\w+/g, String.raw`\p{Script=$&}`).replaceAll(' ', '')}]`, 'u');
const withMarks = lettersOf(
  'Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Thai Lao Myanmar Khmer',
);
const withoutMarks = lettersOf(
  'Common Latin Greek Cyrillic Armenian Georgian Cherokee Ethiopic Hangul Hiragana Katakana Bopomofo Han Braille',
);
const lookalikes = lettersOf('Greek Cyrillic Armenian Georgian Cherokee');
const latin = lettersOf('Latin');
const unseen =
  /[\p{Default_Ignorable_Code_Point}\p{Variation_Selector}\p{Emoji_Modifier}\p{Regional_Indicator}]/u;

const within =
  (...ranges: [number, number][]) =>
  (code: number) =>
    ranges.some(([from, to]) => code >= from && code <= to);

/** Right-to-left scripts, jamo that join the letter before them, a blank, characters wider than declared, replacement characters. */
const isRefused = within(
  [0x0590, 0x08ff],
  [0x1160, 0x11ff],
  [0x2800, 0x2800],
  [0x2e3a, 0x2e3b],
  [0xd7b0, 0xd7ff],
  [0xfb1d, 0xfdff],
  [0xfe70, 0xfeff],
  [0xfff9, 0xffff],
  // Mathematical letters and rare scripts.
  [0x10000, 0x1efff],
);
/** Phonetic letters, letterlike symbols, Roman numerals, fullwidth letters and digits. */
const passesForLatin = within(
  [0x0250, 0x02af],
  [0x1d00, 0x1dbf],
  [0x2100, 0x2188],
  [0xab30, 0xab6f],
  [0xff10, 0xff19],
  [0xff21, 0xff3a],
  [0xff41, 0xff5a],
);
/** Narrow quotes, primes, hyphens, slashes, bars, semicolons, colons and dots. */
const passesForSyntax = within(
  [0x00b4, 0x00b4],
  [0x01c0, 0x01c3],
  [0x02b9, 0x02df],
  [0x037e, 0x037e],
  [0x0384, 0x0387],
  [0x2010, 0x2013],
  [0x2015, 0x201f],
  [0x2024, 0x2024],
  [0x2032, 0x2037],
  [0x2039, 0x203a],
  [0x2044, 0x2044],
  [0x2212, 0x2212],
  [0x2215, 0x2217],
  [0x2223, 0x2223],
  [0x2236, 0x2236],
  [0x223c, 0x223c],
  [0x2768, 0x2775],
  [0x29f5, 0x29f9],
  [0xa788, 0xa78c],
  [0xfe50, 0xfe6f],
);

function kindOf(code: number): Range['kind'] | 0 {
  const letter = String.fromCodePoint(code);
  if (isRefused(code) || unseen.test(letter)) return 0;
  if (/\p{M}/u.test(letter)) return withMarks.test(letter) && !/\p{Me}/u.test(letter) ? 4 : 0;
  if (!/[\p{L}\p{N}\p{P}\p{S}]/u.test(letter)) return 0;
  if (!withMarks.test(letter) && !withoutMarks.test(letter)) return 0;
  if (passesForSyntax(code)) return 5;
  if (passesForLatin(code)) return 3;
  if (/\p{L}/u.test(letter) && lookalikes.test(letter)) return 3;
  return /\p{L}/u.test(letter) && latin.test(letter) ? 2 : 1;
}

export function drawRanges(): Range[] {
  const ranges: Range[] = [];
  for (let code = 0xa1; code <= 0x10ffff; code += 1) {
    // Surrogates are not characters.
    if (code === 0xd800) code = 0xe000;
    const kind = kindOf(code);
    const last = ranges.at(-1);
    if (kind === 0) continue;
    if (last?.kind === kind && last.to === code - 1) last.to = code;
    else ranges.push({ from: code, to: code, kind });
  }
  return ranges;
}

const wrap = (words: readonly (string | number)[]): string => {
  const rows: string[] = [];
  for (const word of words) {
    const row = rows.at(-1);
    if (row !== undefined && row.length + String(word).length < 138) rows[rows.length - 1] = `${row} ${word}`;
    else rows.push(`    ${word}`);
  }
  return rows.join('\n');
};

/** The body of the function load_letters. */
export function renderRanges(ranges: readonly Range[]): string {
  return [
    '  letter_from=(',
    wrap(ranges.map(({ from }) => from)),
    '  )',
    '  letter_to=(',
    wrap(ranges.map(({ to }) => to)),
    '  )',
    `  letter_kinds=${ranges.map(({ kind }) => kind).join('')}`,
    '',
  ].join('\n');
}
