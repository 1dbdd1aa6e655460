/** Splits the script's stderr into its own status lines and the output of the programs that it runs. All of it is untrusted. */
import { statusPrefix } from './script-parts.ts';
import { cutChars } from '../../text/cut-text.ts';
import { decode } from '../../text/utf8.ts';

/** Limits against a line that never ends, and against lines without end. */
const maxLineBytes = 8 * 1024;
const maxWords = 20;

export interface StatusHandler {
  /** One status line of the script, without its prefix. */
  onStatus: (words: string) => void;
}

export class StatusLines {
  readonly #handler: StatusHandler;
  #pending = Buffer.alloc(0);
  /** The first lines that programs wrote. */
  readonly words: string[] = [];
  /** How many further lines programs wrote. */
  dropped = 0;

  constructor(handler: StatusHandler) {
    this.#handler = handler;
  }

  push(bytes: Uint8Array): void {
    let rest = Buffer.concat([this.#pending, bytes]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      this.#take(rest.subarray(0, Math.min(end, maxLineBytes)));
      rest = rest.subarray(end + 1);
    }
    this.#pending = Buffer.from(rest.subarray(0, maxLineBytes));
  }

  end(): void {
    if (this.#pending.byteLength > 0) this.#take(this.#pending);
    this.#pending = Buffer.alloc(0);
  }

  #take(bytes: Buffer): void {
    const line = decode(bytes);
    if (line.startsWith(statusPrefix)) this.#handler.onStatus(line.slice(statusPrefix.length));
    else if (line.trim() !== '' && this.words.length < maxWords) this.words.push(cutChars(line, 300));
    else if (line.trim() !== '') this.dropped++;
  }
}

/** The failure on the remote in a status line, without the `./` that was put before a relative path for the script. */
export function readFailure(line: string): string | undefined {
  const match = /^(?:failed|stopped) (?:\.\/)?(.{1,1000})/.exec(line);
  return match ? `on the remote: ${match[1]}` : undefined;
}

/** The hash in the output of a hash tool; undefined if the remote has no such tool. */
export function findHash(text: string): string | undefined {
  return /(?:^|[\s=*])([0-9a-f]{64})(?:\s|$)/.exec(text)?.[1];
}
