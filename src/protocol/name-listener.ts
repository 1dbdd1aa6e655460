/** How a listener is called everywhere: `user@host`, as it says. */

const unknown = 'unknown';

/** What a listener that gave no name, or none but spaces, is called. */
export function readLabel(text: string | undefined): string {
  return (text ?? '').trim() || unknown;
}

/** `unknown` where it gave neither user nor host. */
export function nameListener({ user, host }: { user: string; host: string }): string {
  const [who, where] = [readLabel(user), readLabel(host)];
  return who === unknown && where === unknown ? unknown : `${who}@${where}`;
}
