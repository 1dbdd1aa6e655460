/** Paths of the remote in scripts and messages. */
import { quoteAscii } from '../text/ascii.ts';
import { quoteWord } from '../text/quote-word.ts';

/** One word of a shell that names a path: `~` and `~user` at its start are expanded there, and a dash at its start is no option. */
export function quotePath(path: string): string {
  const [, home, rest = ''] = /^(~[A-Za-z0-9_.-]*)(\/[^]*)?$/.exec(path) ?? [undefined, undefined, path];
  if (home !== undefined) return rest === '' || rest === '/' ? home : `${home}/${quoteWord(rest.slice(1))}`;
  return quoteWord(path.startsWith('-') ? `./${path}` : path);
}

const spellInside = (text: string): string => quoteAscii(text).slice(1, -1);

/** A path on one line, for people: in quotes, in ASCII, without the middle where it is long. */
export function showPath(path: string): string {
  if (path.length <= 300) return `"${spellInside(path)}"`;
  return `"${spellInside(path.slice(0, 150))}…${spellInside(path.slice(-150))}"`;
}
