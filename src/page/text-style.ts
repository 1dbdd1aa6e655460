/** Colours and weights of output (ECMA-48, 8.3.117), as a program of the remote set them. */

/** A number is one of the 16 colours that the page has; a text is a colour of its own, `#ff8700`. */
export type Colour = number | string;

export interface TextStyle {
  readonly ink?: Colour;
  readonly paper?: Colour;
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isItalic?: boolean;
  readonly isUnderlined?: boolean;
  readonly isStruck?: boolean;
  readonly isInverse?: boolean;
}

export const plainStyle: TextStyle = {};

const switches: Readonly<Record<number, TextStyle>> = {
  1: { isBold: true },
  2: { isDim: true },
  3: { isItalic: true },
  4: { isUnderlined: true },
  7: { isInverse: true },
  9: { isStruck: true },
  21: { isUnderlined: true },
  22: { isBold: false, isDim: false },
  23: { isItalic: false },
  24: { isUnderlined: false },
  27: { isInverse: false },
  29: { isStruck: false },
};

const hex = (value: number): string => Math.min(255, value).toString(16).padStart(2, '0');
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

/** What follows 38 or 48: the colour, and how many numbers it took. */
function readColour(numbers: readonly number[]): { colour: Colour | undefined; length: number } {
  const [kind, ...rest] = numbers;
  if (kind === 5) return { colour: findIndexed(rest[0] ?? 256), length: 2 };
  if (kind === 2) return { colour: rest.length < 3 ? undefined : toHex(rest.slice(0, 3)), length: 4 };
  return { colour: undefined, length: 1 };
}

/** `38:2::255:0:0` has an empty place for the colour space, which the form with semicolons has not. */
function splitNumbers(text: string): number[] {
  return text.split(';').flatMap((part) => {
    const words = part.split(':');
    const hasSpace = words.length >= 6 && (words[0] === '38' || words[0] === '48') && words[1] === '2';
    return words.filter((_word, at) => !(hasSpace && at === 2)).map(Number);
  });
}

/** `sequence` is `\x1b[…m`. What is not known changes nothing. */
export function applyColour(style: TextStyle, sequence: string): TextStyle {
  const numbers = splitNumbers(sequence.slice(2, -1));
  let next = style;
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at] ?? 0;
    if (number === 0) next = plainStyle;
    else if (number >= 30 && number <= 37) next = { ...next, ink: number - 30 };
    else if (number >= 90 && number <= 97) next = { ...next, ink: number - 82 };
    else if (number >= 40 && number <= 47) next = { ...next, paper: number - 40 };
    else if (number >= 100 && number <= 107) next = { ...next, paper: number - 92 };
    else if (number === 38 || number === 48 || number === 58) {
      const { colour, length } = readColour(numbers.slice(at + 1));
      // 58 colours the line below the text, which the page does not.
      if (colour !== undefined && number !== 58)
        next = { ...next, [number === 38 ? 'ink' : 'paper']: colour };
      at += length;
    } else if (number === 39 || number === 49) {
      const { [number === 39 ? 'ink' : 'paper']: _default, ...rest } = next;
      next = rest;
    } else next = { ...next, ...switches[number] };
  }
  return next;
}
