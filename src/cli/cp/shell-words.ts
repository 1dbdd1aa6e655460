/** Quotes names and paths as words of the script. Deceptive characters become ASCII escapes, so that the operator sees every byte. */
import { isPlainWord, quoteForShell } from '../../protocol/quote-for-shell.ts';
import { cutChars } from '../../text/cut-text.ts';
import { unsafeCharacters } from '../../text/escape.ts';

/** Everything but ASCII and the letters and digits of all languages. Some letters look blank (Hangul has four): deceptive too. */
const deceptive = new RegExp(`[^\\p{L}\\p{N} -~]|${unsafeCharacters}`, 'gu');

/** Quotes a name of arbitrary bytes as one word of bash. */
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

/** Keeps letters of all languages readable, unless a character of the name is deceptive. */
export function quoteName(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  const isText = text.search(deceptive) === -1 && Buffer.from(text).equals(bytes);
  return isText && !isPlainWord(text) ? quoteForShell(text) : quoteBytes(bytes);
}

/** Quotes a path on the remote. `~` and `~user` stay unquoted for its shell, and no path begins like an option. */
export function quoteRemotePath(path: string): string {
  const home = /^~([A-Za-z0-9._-]*)(?:\/+|$)/.exec(path);
  if (home) {
    const rest = path.slice(home[0].length);
    return `~${home[1] ?? ''}${rest === '' ? '' : `/${quoteName(Buffer.from(rest))}`}`;
  }
  if (path === '') return '.';
  return quoteName(Buffer.from(path.startsWith('/') || path.startsWith('./') ? path : `./${path}`));
}

/** Text for a one-line comment: nothing in it ends the line or controls a terminal, and it is no longer than the view of a command. */
export function commentText(path: string, maxChars: number): string {
  const text = path.replaceAll(deceptive, '?');
  return text.length > maxChars ? `${cutChars(text, maxChars - 1)}…` : text;
}
