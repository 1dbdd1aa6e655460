/** The line of a script that enters its folder. The operator sees it. */
import { isPlainWord, quoteForShell } from './quote-for-shell.ts';

/** `~` or `~user`, alone or before a slash: the only part that the remote's shell expands. */
const homePattern = /^(~(?:[A-Za-z_][A-Za-z0-9_.@-]*)?)(?=\/|$)/;

/** Paths that `cd` takes as they are: no CDPATH, no `-` for the folder before. */
const explicitPattern = /^(?:\/|\.\.?(?:\/|$))/;

function quotePath(path: string): string {
  return path === '' || isPlainWord(path) ? path : quoteForShell(path);
}

/**
 * Shell text that enters `cwd` or ends the script. `~` and `~user` are the remote's home folders; a folder that is called `~` is `./~`.
 * A relative folder gets `./` in front: `cd` would look for it in CDPATH too. Empty for an empty `cwd`.
 */
export function renderChangeDirectory(cwd: string): string {
  if (cwd === '') return '';
  const home = homePattern.exec(cwd)?.[1];
  if (home !== undefined) {
    const rest = cwd.slice(home.length);
    // The slash stays outside of the quotes: it ends the part that is expanded.
    return `cd -- ${home}${rest === '' ? '' : `/${quotePath(rest.slice(1))}`} || exit\n`;
  }
  return `cd -- ${quotePath(explicitPattern.test(cwd) ? cwd : `./${cwd}`)} || exit\n`;
}
