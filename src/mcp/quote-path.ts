/** Paths of the remote in scripts and messages. */
import { quoteForShell } from '../protocol/quote-for-shell.ts';

/** One word of a shell that names a path: `~` and `~user` at its start are expanded there, and a dash at its start is no option. */
export function quotePath(path: string): string {
  const [, home, rest = ''] = /^(~[A-Za-z0-9_.-]*)(\/[^]*)?$/.exec(path) ?? [undefined, undefined, path];
  if (home !== undefined) return rest === '' || rest === '/' ? home : `${home}/${quoteWord(rest.slice(1))}`;
  return quoteWord(path.startsWith('-') ? `./${path}` : path);
}

export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : quoteForShell(word);
}

/** A path on one line, for people: in quotes, with everything but plain ASCII letters spelled out. */
export function showPath(path: string): string {
  const short = path.length > 300 ? `${path.slice(0, 150)}…${path.slice(-150)}` : path;
  return JSON.stringify(short).replaceAll(
    /[^\x20-\x7e…]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
