/** Quotes a word for a POSIX shell. This pattern lists the characters that no shell treats as special. */
const plainWord = /^[A-Za-z0-9_@%+=:,./-]+$/;

export function isPlainWord(text: string): boolean {
  return plainWord.test(text);
}

/** The text in single quotes: inside them, only the single quote itself is special. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
