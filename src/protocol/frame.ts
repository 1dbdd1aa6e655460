/**
 * The format in which the relay sends a command to the listener. A truncated, re-encoded or foreign body lacks the first line,
 * the length or the end line, and the listener never runs it:
 *
 *     remotify/1 run c12 57 timeout=0 merge=0 stdin=0 from=ann@desk
 *     …57 bytes…
 *     remotify/1 end c12
 */
export interface Frame {
  id: string;
  /** Whether stderr goes into stdout, in the order of the writes. */
  merge: boolean;
  /** Whether the listener has to fetch stdin. */
  stdin: boolean;
  /** Timeout of the run in seconds; 0 for none. */
  timeoutSeconds: number;
  /** The client's name for itself, one word of letters, digits and `._@/,+-`; null if it gave none. */
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

/** The line after the script, with the line break before it. */
export function renderFrameEnd({ id }: Pick<Frame, 'id'>): Uint8Array {
  return Buffer.from(`\n${frameMagic} end ${id}\n`);
}
