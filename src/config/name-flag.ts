/** Returns the flag of an option: `waitListener` becomes `--wait-listener`. */
export function nameFlag(option: string): string {
  return `--${option.replaceAll(/[A-Z]/g, (char) => `-${char.toLowerCase()}`)}`;
}
