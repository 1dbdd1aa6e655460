/** Quotes paths of the remote, for scripts and for messages. */
import { quoteAscii } from '../text/ascii.ts';
import { quoteWord } from '../text/quote-word.ts';

/** Quotes a path as one shell word. The remote expands `~` and `~user` at its start; a leading dash is no option. */
export function quotePath(path: string): string {
  const [, home, rest = ''] = /^(~[A-Za-z0-9_.-]*)(\/[^]*)?$/.exec(path) ?? [undefined, undefined, path];
  if (home !== undefined) return rest === '' || rest === '/' ? home : `${home}/${quoteWord(rest.slice(1))}`;
  return quoteWord(path.startsWith('-') ? `./${path}` : path);
}

const spellInside = (text: string): string => quoteAscii(text).slice(1, -1);

/** A path for messages: quoted, ASCII only, on one line, with the middle cut out if it is long. */
export function showPath(path: string): string {
  if (path.length <= 300) return `"${spellInside(path)}"`;
  return `"${spellInside(path.slice(0, 150))}…${spellInside(path.slice(-150))}"`;
}
