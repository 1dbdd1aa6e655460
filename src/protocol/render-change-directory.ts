/** Renders the `cd` line at the beginning of a script, which the operator sees. */
import { isPlainWord, quoteForShell } from './quote-for-shell.ts';

/** `~` or `~user`, alone or before a slash: the only part that the shell of the remote expands. */
const homePattern = /^(~(?:[A-Za-z_][A-Za-z0-9_.@-]*)?)(?=\/|$)/;

/** Paths that `cd` uses as they are: it does not search CDPATH for them, or take them for `-`, the previous folder. */
const explicitPattern = /^(?:\/|\.\.?(?:\/|$))/;

function quotePath(path: string): string {
  return path === '' || isPlainWord(path) ? path : quoteForShell(path);
}

/**
 * Shell text that changes to `cwd`, or ends the script if that fails; empty for an empty `cwd`. `~` and `~user` are
 * home folders on the remote; a folder that is called `~` is `./~`. A relative folder gets `./` in front, or `cd` would
 * also search CDPATH for it.
 */
export function renderChangeDirectory(cwd: string): string {
  if (cwd === '') return '';
  const home = homePattern.exec(cwd)?.[1];
  if (home !== undefined) {
    const rest = cwd.slice(home.length);
    // The slash is outside the quotes: it ends the part that the shell expands.
    return `cd -- ${home}${rest === '' ? '' : `/${quotePath(rest.slice(1))}`} || exit\n`;
  }
  return `cd -- ${quotePath(explicitPattern.test(cwd) ? cwd : `./${cwd}`)} || exit\n`;
}
