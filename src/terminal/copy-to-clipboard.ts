/** Copies text to the clipboard of the terminal with the escape sequence OSC 52. Terminals do not confirm it. */
import { type OutputStream, write } from './io.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** The multiplexer between this process and the terminal. */
export type Multiplexer = 'tmux' | 'screen' | 'none';

/** GNU screen drops strings longer than 256 bytes, including two bytes of its own at each end. */
const screenChunk = 240;

export function findMultiplexer(variables: Variables): Multiplexer {
  if ((variables['TMUX'] ?? '') !== '') return 'tmux';
  if ((variables['STY'] ?? '') !== '') return 'screen';
  return 'none';
}

/** Accepts one line of printable ASCII; throws a RangeError for other text. */
export function renderClipboard(text: string, multiplexer: Multiplexer): string {
  if (!/^[\x20-\x7e]+$/.test(text)) throw new RangeError('not one line of printable ASCII');
  const plain = `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
  switch (multiplexer) {
    case 'none':
      return plain;
    case 'tmux':
      // The first form is for tmux with allow-passthrough, the second for tmux with set-clipboard.
      return `\x1bPtmux;${plain.replaceAll('\x1b', '\x1b\x1b')}\x1b\\${plain}`;
    case 'screen':
      return (plain.match(new RegExp(`[^]{1,${screenChunk}}`, 'g')) ?? [])
        .map((chunk) => `\x1bP${chunk}\x1b\\`)
        .join('');
  }
}

/** Prefers stderr, because stdout may carry a result. Undefined if neither is a terminal. */
export function findTerminal(
  { stdout, stderr }: { stdout: OutputStream; stderr: OutputStream },
  variables: Variables,
): OutputStream | undefined {
  if (variables['TERM'] === 'dumb') return undefined;
  return [stderr, stdout].find((stream) => stream.isTTY === true);
}

export async function copyToClipboard(
  stream: OutputStream,
  text: string,
  multiplexer: Multiplexer,
): Promise<void> {
  await write(stream, renderClipboard(text, multiplexer));
}
