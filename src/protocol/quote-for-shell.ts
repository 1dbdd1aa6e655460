/** Characters that no shell treats as special. */
const plainWord = /^[A-Za-z0-9_@%+=:,./-]+$/;

export function isPlainWord(text: string): boolean {
  return plainWord.test(text);
}

/** For POSIX shells: nothing inside single quotes is special but the quote itself. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
