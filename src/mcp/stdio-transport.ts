/** JSON-RPC lines over stdio. Answers invalid lines with an error: the library's transport drops them, and the host waits. */
import { isUtf8 } from 'node:buffer';
import type { Readable, Writable } from 'node:stream';
import { type JSONRPCMessage, parseJSONRPCMessage, type Transport } from '@modelcontextprotocol/server';
import { repairRequest } from './repair-request.ts';

/** Fits a file of 1 MiB as JSON with every byte escaped, and some room. */
const maxLineBytes = 10 * 1024 * 1024;

const errorCodes = { parse: -32_700, invalid: -32_600 };

export class StdioTransport implements Transport {
  readonly #input: Readable;
  readonly #output: Writable;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #isClosed = false;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
  }

  readonly #onData = (chunk: Buffer): void => {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      const line = Buffer.concat([...this.#pending, chunk.subarray(start, end)]);
      this.#pending = [];
      this.#pendingBytes = 0;
      start = end + 1;
      if (line.length > maxLineBytes) return this.#refuseLong();
      this.#receive(line);
    }
    const rest = chunk.subarray(start);
    this.#pending.push(rest);
    this.#pendingBytes += rest.length;
    if (this.#pendingBytes > maxLineBytes) this.#refuseLong();
  };

  /** No valid message is this long, so close the connection. */
  #refuseLong(): void {
    this.#refuse(null, errorCodes.invalid, `a line of more than ${maxLineBytes} bytes`);
    void this.close();
  }

  readonly #onEnd = (): void => void this.close();

  readonly #onError = (error: Error): void => {
    this.onerror?.(error);
    void this.close();
  };

  #receive(bytes: Buffer): void {
    const line = bytes.toString('utf8').replace(/^\uFEFF/, '');
    if (line.trim() === '') return;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      this.#refuse(null, errorCodes.parse, 'not a line of JSON');
      return;
    }
    // Decoding would replace the bad bytes, so a different command than the host meant would run.
    if (!isUtf8(bytes)) {
      const { id } = { id: null, ...(value as object | null) };
      this.#refuse(id, errorCodes.parse, 'not a line of UTF-8');
      return;
    }
    // Revision 2025-03-26 has batches: each message of a batch gets its own response line.
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) this.#deliver(one);
  }

  #deliver(value: unknown): void {
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(repairRequest(value));
    } catch {
      // A message without an id is a notification, which gets no response.
      const { id } = { id: undefined, ...(value as object | null) };
      if (id !== undefined) this.#refuse(id, errorCodes.invalid, 'not a request of JSON-RPC 2.0');
      return;
    }
    this.onmessage?.(message);
  }

  #refuse(id: unknown, code: number, message: string): void {
    const isId = typeof id === 'string' || typeof id === 'number';
    this.#write({ jsonrpc: '2.0', id: isId ? id : null, error: { code, message } }).catch(() => undefined);
  }

  async start(): Promise<void> {
    this.#input.on('data', this.#onData);
    this.#input.on('error', this.#onError);
    this.#input.once('end', this.#onEnd);
    this.#input.once('close', this.#onEnd);
    this.#output.on('error', this.#onError);
  }

  /** Resolves once the stream has accepted the message. */
  #write(message: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#output.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#isClosed) throw new Error('the host has disconnected');
    await this.#write(message);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#input.off('data', this.#onData);
    // Without a reader, pause the input: otherwise it keeps the process alive.
    if (this.#input.listenerCount('data') === 0) this.#input.pause();
    this.#pending = [];
    this.onclose?.();
  }
}
