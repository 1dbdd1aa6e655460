/** Recognises `cd /tmp` or `export A=1` alone: the local shell took the rest of the line, or the user meant it for the next command. */
export function hasNoLastingEffect(words: readonly string[]): boolean {
  return /^\s*(?:cd|export|alias|source|\.|set|umask|ulimit)(?:\s+[^\s;&|<>()`]+)*\s*$/.test(words.join(' '));
}
