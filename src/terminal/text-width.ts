/** Measures how many columns text takes. Wide characters take two; their table is loaded only if text is not plain. */

/** Columns of escaped text on one line. */
export type Measure = (text: string) => number;

const isPlain = (text: string): boolean => /^[\x20-\x7e…]*$/.test(text);

const countPlain: Measure = (text) => text.length;

export async function openMeasure(texts: readonly string[]): Promise<Measure> {
  if (texts.every(isPlain)) return countPlain;
  const { default: stringWidth } = await import('string-width');
  // Terminals disagree on joined characters: count each by itself, the most columns that any terminal uses.
  return (text) =>
    isPlain(text) ? text.length : Array.from(text).reduce((sum, char) => sum + stringWidth(char), 0);
}

/** Cuts the text to the width, with … if something is left out. Never splits what is one character on a screen. */
export function cutToWidth(text: string, width: number, measure: Measure): string {
  if (measure(text) <= width) return text;
  if (width < 1) return '';
  let kept = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += measure(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
