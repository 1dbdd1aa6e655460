/** The name of a listener in all messages: `user@host`, as the listener reported them. */

const unknown = 'unknown';

/** The label without spaces around it; `unknown` if the listener gave none. */
export function readLabel(text: string | undefined): string {
  return (text ?? '').trim() || unknown;
}

/** `user@host`; only `unknown` if the listener gave neither. */
export function nameListener({ user, host }: { user: string; host: string }): string {
  const [who, where] = [readLabel(user), readLabel(host)];
  return who === unknown && where === unknown ? unknown : `${who}@${where}`;
}
