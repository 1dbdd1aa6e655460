/**
 * A command on its way to the listener. A cut, re-coded or foreign body lacks the head, the length or the end line, and is
 * never run:
 *
 *     remotify/1 run c12 57 timeout=0 merge=0 stdin=0 from=ann@desk
 *     …57 bytes…
 *     remotify/1 end c12
 */
export interface Frame {
  id: string;
  /** Whether stderr goes into stdout, in order. */
  merge: boolean;
  /** Whether there is input to fetch. */
  stdin: boolean;
  /** Limit of the run in seconds; 0 for none. */
  timeoutSeconds: number;
  /** What its client says of itself, a word of letters, digits and `._@/,+-`; null when it says nothing. */
  from: string | null;
  scriptBytes: number;
}

export const frameMagic = 'remotify/1';

/** The line before the script. */
export function renderFrameHead(frame: Frame): Uint8Array {
  const from = frame.from === null ? '' : ` from=${frame.from}`;
  const options = `timeout=${frame.timeoutSeconds} merge=${frame.merge ? 1 : 0} stdin=${frame.stdin ? 1 : 0}${from}`;
  return Buffer.from(`${frameMagic} run ${frame.id} ${frame.scriptBytes} ${options}\n`);
}

/** What follows the script. */
export function renderFrameEnd({ id }: Pick<Frame, 'id'>): Uint8Array {
  return Buffer.from(`\n${frameMagic} end ${id}\n`);
}
