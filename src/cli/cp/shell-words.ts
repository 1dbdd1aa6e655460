/** Names and paths as words of the script: in ASCII, so that the operator sees every byte of them. */
import { isPlainWord, quoteForShell } from '../../protocol/quote-for-shell.ts';
import { cutChars } from '../../text/cut-text.ts';
import { unsafeCharacters } from '../../text/escape.ts';

/** All but ASCII, letters and digits of all languages. Some letters are blank: Hangul has four. */
const deceptive = new RegExp(`[^\\p{L}\\p{N} -~]|${unsafeCharacters}`, 'gu');

/** A name of any bytes as one word of bash. */
export function quoteBytes(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  if (isPlainWord(text)) return text;
  if (/^[ -~]*$/.test(text)) return quoteForShell(text);
  const spelled = text.replaceAll(/[^ -~]|['\\]/g, (char) => {
    const code = char.charCodeAt(0).toString(8).padStart(3, '0');
    return `\\${code}`;
  });
  return `$'${spelled}'`;
}

/** Letters of all languages stay readable where nothing in them could deceive. */
export function quoteName(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  const isText = text.search(deceptive) === -1 && Buffer.from(text).equals(bytes);
  return isText && !isPlainWord(text) ? quoteForShell(text) : quoteBytes(bytes);
}

/** A path of the remote: `~` and `~user` stay open for its shell, and none begins like an option. */
export function quoteRemotePath(path: string): string {
  const home = /^~([A-Za-z0-9._-]*)(?:\/+|$)/.exec(path);
  if (home) {
    const rest = path.slice(home[0].length);
    return `~${home[1] ?? ''}${rest === '' ? '' : `/${quoteName(Buffer.from(rest))}`}`;
  }
  if (path === '') return '.';
  return quoteName(Buffer.from(path.startsWith('/') || path.startsWith('./') ? path : `./${path}`));
}

/** For a comment of one line: without anything that ends it or acts on a screen, and not longer than the view of a command. */
export function commentText(path: string, maxChars: number): string {
  const text = path.replaceAll(deceptive, '?');
  return text.length > maxChars ? `${cutChars(text, maxChars - 1)}…` : text;
}
