/** Parses colour and style sequences in output (ECMA-48, 8.3.117). */
import { hexByte } from '../text/hex-byte.ts';

/** A number is one of the 16 colours; a string is an RGB colour such as `#ff8700`. */
export type Colour = number | string;

type Mark = 'bold' | 'dim' | 'italic' | 'underlined' | 'inverse' | 'struck';

export interface TextStyle {
  readonly ink?: Colour;
  readonly paper?: Colour;
  readonly marks: readonly Mark[];
}

export const plainStyle: TextStyle = { marks: [] };

/** A number sets a mark, the number plus 20 resets it; 22 resets bold and dim. */
const markOf: Readonly<Record<number, Mark>> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underlined',
  7: 'inverse',
  9: 'struck',
  21: 'underlined',
};

function setMark({ marks, ...colours }: TextStyle, number: number): TextStyle {
  const set = markOf[number];
  const gone = number === 22 ? ['bold', 'dim'] : [markOf[number - 20]];
  const left = marks.filter((mark) => mark !== set && !gone.includes(mark));
  return { ...colours, marks: set ? [...left, set] : left };
}

const hex = (value: number): string => hexByte(Math.min(255, value));
const toHex = (parts: readonly number[]): string => `#${parts.map(hex).join('')}`;

/** The 256 colours of xterm: 16 by name, a cube of 6 × 6 × 6, and 24 greys. */
function findIndexed(index: number): Colour | undefined {
  if (index < 16) return index;
  if (index > 255) return undefined;
  if (index >= 232) return toHex(Array.from({ length: 3 }, () => 8 + (index - 232) * 10));
  const level = (step: number): number => (step === 0 ? 0 : 55 + 40 * step);
  const at = index - 16;
  return toHex([Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map(level));
}

/** Parses the numbers after 38 or 48: the colour, and how many numbers it used. */
function readColour(numbers: readonly number[]): { colour: Colour | undefined; length: number } {
  const [kind, ...rest] = numbers;
  if (kind === 5) return { colour: findIndexed(rest[0] ?? 256), length: 2 };
  if (kind === 2) return { colour: rest.length < 3 ? undefined : toHex(rest.slice(0, 3)), length: 4 };
  return { colour: undefined, length: 1 };
}

/**
 * `38:2::255:0:0` has an empty field for the colour space, which the form with semicolons lacks. `4:3` is an underline of another shape,
 * and `4:0` is no underline.
 */
function splitNumbers(text: string): number[] {
  return text.split(';').flatMap((part) => {
    const [first = 0, ...rest] = part.split(':').map(Number);
    if (![38, 48, 58].includes(first)) return [first === 4 && rest[0] === 0 ? 24 : first];
    return [first, ...(rest[0] === 2 && rest.length > 4 ? [2, ...rest.slice(2)] : rest)];
  });
}

/** Keyed by the number divided by 10: 30 to 37 and 90 to 97 are text colours, 40 to 47 and 100 to 107 are backgrounds. */
const places: Readonly<Record<number, readonly ['ink' | 'paper', first: number]>> = {
  3: ['ink', 0],
  4: ['paper', 0],
  9: ['ink', 8],
  10: ['paper', 8],
};

/** `sequence` is `\x1b[…m`. Ignores unknown numbers. */
export function applyColour(style: TextStyle, sequence: string): TextStyle {
  const numbers = splitNumbers(sequence.slice(2, -1));
  let next = style;
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at] ?? 0;
    const [place, first] = places[Math.floor(number / 10)] ?? [];
    const unit = number % 10;
    if (number === 0) next = plainStyle;
    else if (place && unit < 8) next = { ...next, [place]: unit + (first ?? 0) };
    else if (number === 38 || number === 48 || number === 58) {
      const { colour, length } = readColour(numbers.slice(at + 1));
      // 58 sets the colour of the underline, which the page ignores.
      if (colour !== undefined && place) next = { ...next, [place]: colour };
      at += length;
    } else if (place && first === 0) {
      const { [place]: _default, ...rest } = next;
      next = rest;
    } else next = setMark(next, number);
  }
  return next;
}
