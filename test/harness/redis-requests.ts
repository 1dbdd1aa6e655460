/** Parses the commands of a Redis client (RESP arrays of bulk strings) from chunks of any size. */

/** The first words of a command, as text; long scripts and values are truncated. */
export type RedisCommand = readonly string[];

const keptWords = 6;
const keptBytes = 200;

export class RedisRequests {
  #rest = Buffer.alloc(0);

  /** Returns the commands that these bytes complete. */
  read(bytes: Buffer): RedisCommand[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const commands: RedisCommand[] = [];
    for (let command = this.#take(); command; command = this.#take()) commands.push(command);
    return commands;
  }

  #take(): RedisCommand | undefined {
    const words: string[] = [];
    const head = this.#readNumber(0, '*');
    if (!head) return undefined;
    let at = head.end;
    for (let word = 0; word < head.value; word += 1) {
      const size = this.#readNumber(at, '$');
      if (!size || this.#rest.length < size.end + size.value + 2) return undefined;
      if (word < keptWords) {
        const end = size.end + Math.min(size.value, keptBytes);
        words.push(this.#rest.toString('latin1', size.end, end));
      }
      at = size.end + size.value + 2;
    }
    this.#rest = this.#rest.subarray(at);
    return words;
  }

  #readNumber(at: number, sign: string): { value: number; end: number } | undefined {
    const end = this.#rest.indexOf('\r\n', at);
    if (end === -1) return undefined;
    const line = this.#rest.toString('latin1', at, end);
    if (!line.startsWith(sign)) throw new Error(`not a Redis command: ${JSON.stringify(line.slice(0, 40))}`);
    return { value: Number(line.slice(1)), end: end + 2 };
  }
}
