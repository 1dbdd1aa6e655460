/** Text for the clipboard of the terminal, by the escape sequence OSC 52. Whether the terminal takes it is not known. */
import { type OutputStream, write } from './io.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** What stands between us and the terminal. */
export type Multiplexer = 'tmux' | 'screen' | 'none';

/** GNU screen drops strings that are longer than 256 bytes, its own two at each end included. */
const screenChunk = 240;

export function findMultiplexer(variables: Variables): Multiplexer {
  if ((variables['TMUX'] ?? '') !== '') return 'tmux';
  if ((variables['STY'] ?? '') !== '') return 'screen';
  return 'none';
}

/** One line of printable ASCII only: throws a RangeError on anything else. */
export function renderClipboard(text: string, multiplexer: Multiplexer): string {
  if (!/^[\x20-\x7e]+$/.test(text)) throw new RangeError('not one line of printable ASCII');
  const plain = `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
  switch (multiplexer) {
    case 'none':
      return plain;
    case 'tmux':
      // For allow-passthrough; tmux itself reads the second with set-clipboard.
      return `\x1bPtmux;${plain.replaceAll('\x1b', '\x1b\x1b')}\x1b\\${plain}`;
    case 'screen':
      return (plain.match(new RegExp(`[^]{1,${screenChunk}}`, 'g')) ?? [])
        .map((chunk) => `\x1bP${chunk}\x1b\\`)
        .join('');
  }
}

/** stderr before stdout, whose bytes may be a result. Undefined off a terminal. */
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
