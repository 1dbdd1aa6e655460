/** Adapts colours of output to the light and the dark scheme: contrast of 4.5:1 to the background (WCAG 2.2, 1.4.3). */
import type { Colour, TextStyle } from './text-style.ts';

/** The 16 colours: as background, or as text colour before fitting to the scheme. */
const palette = (
  '#000000 #c4281b #1f8038 #a67c00 #2563c9 #9c3fb0 #0c7f8c #c8ccd0 ' +
  '#6b737b #ef5a4c #3fc463 #f0c93b #5a9bf5 #d678e0 #3cc8d8 #ffffff'
).split(' ');

/** Black, white and grey mean "plain" or "less important", which is a different colour in each scheme. */
const neutral: Readonly<Record<number, string>> = {
  0: 'var(--text)',
  7: 'var(--quiet)',
  8: 'var(--quiet)',
  15: 'var(--text)',
};

/** Luminance limits for text: maximum in the light scheme, minimum in the dark one. Derived from `--code`; a test checks them. */
const maxOnLight = 0.15;
const minOnDark = 0.255;

/** On a background below this luminance, white has more contrast than black. */
const middle = 0.179;

/** Red, green, blue in linear light, 0 to 1. */
type Light = readonly number[];

const findHex = (colour: Colour): string =>
  typeof colour === 'number' ? (palette[colour] ?? '#ffffff') : colour;

function toLight(colour: Colour): Light {
  const value = Number.parseInt(findHex(colour).slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
}

function toCss(light: Light): string {
  const parts = light.map((share) =>
    Math.round(255 * (share <= 0.0031308 ? share * 12.92 : 1.055 * share ** (1 / 2.4) - 0.055)),
  );
  return `rgb(${parts.join()})`;
}

const luminance = ([red = 0, green = 0, blue = 0]: Light): number =>
  0.2126 * red + 0.7152 * green + 0.0722 * blue;

/** Darkens towards black or lightens towards white. In linear light this keeps the hue. */
function fit(light: Light, least: number, most: number): Light {
  const now = luminance(light);
  if (now > most) return light.map((share) => (share * most) / now);
  const step = Math.max(0, least - now) / (1 - now || 1);
  return light.map((share) => share + step * (1 - share));
}

function fitInk(ink: Colour, isDim: boolean): string {
  const plain = typeof ink === 'number' ? neutral[ink] : undefined;
  if (plain !== undefined) return isDim ? 'var(--quiet)' : plain;
  const light = toLight(ink);
  // Dim text gets the minimum contrast.
  const onLight = fit(light, isDim ? maxOnLight : 0, maxOnLight);
  const onDark = fit(light, minOnDark, isDim ? minOnDark : 1);
  return `light-dark(${toCss(onLight)}, ${toCss(onDark)})`;
}

/** The requested text colour if it is readable on this background, else black or white. */
function inkOn(paper: Colour, ink: Colour | undefined): string {
  const behind = luminance(toLight(paper));
  const front = ink === undefined ? behind : luminance(toLight(ink));
  const contrast = (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
  if (ink !== undefined && contrast >= 4.55) return findHex(ink);
  return behind > middle ? '#000000' : '#ffffff';
}

export interface Painted {
  /** Empty: inherits the colour of the row. */
  ink: string;
  paper: string;
  /** The scheme's own text and background colours, swapped. */
  isInverse: boolean;
}

export function paint({ ink, paper, marks }: TextStyle): Painted {
  const isDim = marks.includes('dim');
  const isInverse = marks.includes('inverse');
  const [front, back] = isInverse ? [paper, ink] : [ink, paper];
  const plain = isDim && !isInverse ? 'var(--quiet)' : '';
  if (back !== undefined) return { ink: inkOn(back, front), paper: findHex(back), isInverse: false };
  if (isInverse || front === undefined) return { ink: plain, paper: '', isInverse };
  return { ink: fitInk(front, isDim), paper: '', isInverse };
}
