/** Renders untrusted text as nodes, and marks each run of escaped characters. */
import { spell, unsafeCharacters } from '../text/escape.ts';
import { make } from './dom.ts';

const unsafeRuns = new RegExp(`((?:${unsafeCharacters})+)`, 'u');

export function renderEscaped(text: string): Node[] {
  return text
    .split(unsafeRuns)
    .map((part, at) =>
      at % 2 === 0
        ? document.createTextNode(part)
        : make('span', 'spelled', Array.from(part, spell).join('')),
    );
}
