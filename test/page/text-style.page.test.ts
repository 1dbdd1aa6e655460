import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import { finishBeside, makeBeside } from './beside.ts';
import { useRelay } from '../harness/use-relay.ts';

// Colours of output: every combination that a program can set has enough contrast, in both schemes.

const relay = useRelay();
const browser = useBrowser();

const inks = Array.from({ length: 16 }, (_, at) => (at < 8 ? 30 + at : 82 + at));
const papers = inks.map((ink) => ink + 10);

/** Minimum contrast of text in WCAG 2.2 (1.4.3). */
const least = 4.5;

/**
 * For each text element: its text, and its contrast to the first background behind it. Takes opacity into account, which mixes text and
 * background.
 */
const measure = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const known = new Map();
  const parse = (css) => {
    if (known.has(css)) return known.get(css);
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    const parts = [...canvas.getImageData(0, 0, 1, 1).data];
    known.set(css, parts);
    return parts;
  };
  const luminance = (parts) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, at) => {
    const share = parts[at] / 255;
    return sum + weight * (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  }, 0);
  const found = [];
  for (const element of document.querySelectorAll('.output span:not(.spoken)')) {
    let behind = element;
    while (parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const paper = parse(getComputedStyle(behind).backgroundColor);
    const { color, opacity } = getComputedStyle(element);
    const ink = parse(color).map((part, at) => part * opacity + paper[at] * (1 - opacity));
    const [high, low] = [luminance(ink), luminance(paper)].sort((a, b) => b - a);
    found.push([element.textContent, (high + 0.05) / (low + 0.05)]);
  }
  return found;
})()`;

async function findUnreadable(page: Page, count: number): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const measured = await page.evaluate<[string, number][]>(measure);
    expect(measured.length).toBe(count);
    for (const [text, contrast] of measured)
      if (contrast < least) found.push(`${colorScheme}: ${text}: ${contrast.toFixed(2)}`);
  }
  return found;
}

/** A text in which each sequence colours its own numbers. */
const sample = (sequences: readonly string[]): string =>
  sequences.map((numbers) => `\x1b[${numbers}m${numbers}\x1b[0m\n`).join('');

function drawTrueColours(): string[] {
  const random = createRandom(seed);
  const draw = () => [0, 0, 0].map(() => random.pick([0, random.below(256), 255])).join(';');
  const fixed = ['255;255;0', '0;0;60', '0;0;0', '255;255;255', '128;128;128', '0;255;0', '0;0;255'];
  return [...fixed, ...Array.from({ length: 60 }, draw)];
}

const all256 = Array.from({ length: 256 }, (_, at) => String(at));
const trueColours = drawTrueColours();

const kinds: [string, string[]][] = [
  [
    '16 text colours, also bold, dim and inverse',
    inks.flatMap((ink) => ['', '1;', '2;', '7;', '2;7;'].map((mark) => mark + ink)),
  ],
  [
    '16 backgrounds, also dim and inverse',
    papers.flatMap((paper) => ['', '2;', '7;'].map((mark) => mark + paper)),
  ],
  ['16 text colours on 16 backgrounds', inks.flatMap((ink) => papers.map((paper) => `${ink};${paper}`))],
  [
    '16 text colours on 16 backgrounds, inverse and dim',
    inks.flatMap((ink) => papers.map((paper) => `2;7;${ink};${paper}`)),
  ],
  ['256 text colours, and dim', all256.flatMap((at) => [`38;5;${at}`, `2;38;5;${at}`])],
  ['256 backgrounds', all256.flatMap((at) => [`48;5;${at}`, `97;48;5;${at}`, `38;5;${at};48;5;${at}`])],
  [
    'true colours',
    trueColours.flatMap((rgb) => [`38;2;${rgb}`, `2;38;2;${rgb}`, `48;2;${rgb}`, `7;38;2;${rgb}`]),
  ],
  ['no colour: bold, dim, inverse, underlined', ['1', '2', '3', '4', '7', '9', '2;7', '1;2;3;4;7']],
];

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test.each(kinds)('%s: readable in both schemes, on stdout and on stderr', async (_title, sequences) => {
    const visitor = await visit(browser, relay);
    const beside = await makeBeside(relay, visitor);
    const text = sample(sequences);
    const command = await finishBeside(visitor.page, beside, { stdout: text, stderr: text });
    await command.locator('.stderr').last().waitFor();
    expect(await findUnreadable(visitor.page, 2 * sequences.length)).toEqual([]);
  });

  test('an escaped byte between colours: readable', async () => {
    const visitor = await visit(browser, relay);
    const beside = await makeBeside(relay, visitor);
    await finishBeside(visitor.page, beside, {
      stdout: '\x1b[97;41m\x07\x1b[2m\x07\n',
      stderr: '\x1b[31m\x07',
    });
    expect(await findUnreadable(visitor.page, 3)).toEqual([]);
  });

  test('readable colours: unchanged; unreadable ones: adapted, with the same hue', async () => {
    const visitor = await visit(browser, relay);
    const beside = await makeBeside(relay, visitor);
    await finishBeside(visitor.page, beside, {
      stdout: sample(['38;2;120;0;0', '38;2;255;255;0', '38;2;255;255;255;48;2;10;20;90']),
    });
    // As a canvas resolves them: red, green, blue, 0 to 255.
    const colours = () =>
      visitor.page.evaluate<number[][]>(`[...document.querySelectorAll('.output span')].map((span) => {
        const canvas = document.createElement('canvas').getContext('2d');
        canvas.fillStyle = getComputedStyle(span).color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
      })`);
    const [red, yellow = [], white] = await colours();
    expect([red, white]).toEqual([
      [120, 0, 0],
      [255, 255, 255],
    ]);
    expect([yellow[0] === yellow[1], yellow[2]]).toEqual([true, 0]);
    await visitor.page.emulateMedia({ colorScheme: 'dark' });
    expect((await colours())[1]).toEqual([255, 255, 0]);
  });
});
