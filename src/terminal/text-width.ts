/** How many columns text takes on a screen. Wide characters take two: their table is loaded only where text holds any. */

/** Columns of escaped text on one line. */
export type Measure = (text: string) => number;

const isPlain = (text: string): boolean => /^[\x20-\x7e…]*$/.test(text);

const countPlain: Measure = (text) => text.length;

export async function openMeasure(texts: readonly string[]): Promise<Measure> {
  if (texts.every(isPlain)) return countPlain;
  const { default: stringWidth } = await import('string-width');
  // Terminals disagree on characters that join: each is counted by itself, which is the most that any of them takes.
  return (text) =>
    isPlain(text) ? text.length : Array.from(text).reduce((sum, char) => sum + stringWidth(char), 0);
}

/** The beginning of the text that fits, with … where something is left out. Never splits what is one character on a screen. */
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
