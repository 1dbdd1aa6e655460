/** Keeps nothing beyond the process. */
import type { Session } from '../session/session.ts';
import { type Medium, openLocalStore, type Piece } from './local-store.ts';
import type { Part, Store } from './store.ts';

/** Bytes that come at offsets, in a buffer with room to grow: each byte is copied a few times, not once for each that follows. */
class Growing {
  #buffer = Buffer.alloc(0);
  size = 0;

  write(offset: number, bytes: Uint8Array): void {
    this.size = offset + bytes.byteLength;
    if (this.size > this.#buffer.byteLength) {
      const larger = Buffer.allocUnsafe(Math.max(this.size, 2 * this.#buffer.byteLength));
      this.#buffer.copy(larger, 0, 0, offset);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, offset);
  }

  read(offset: number, maxBytes: number): Buffer {
    return this.#buffer.subarray(offset, Math.max(offset, Math.min(offset + maxBytes, this.size)));
  }
}

class Memory implements Medium {
  /** By session, then by `id/part`. */
  readonly #bytes = new Map<string, Map<string, Growing>>();

  async load(): Promise<[]> {
    return [];
  }

  async save(session: Session, pieces: readonly Piece[]): Promise<void> {
    for (const { id, part, bytes } of pieces) await this.write(session.name, id, part, 0, bytes);
  }

  async removeSession(name: string): Promise<void> {
    this.#bytes.delete(name);
  }

  async removeCommand(name: string, id: string): Promise<void> {
    const parts = this.#bytes.get(name);
    for (const part of ['script', 'stdin', 'stdout', 'stderr']) parts?.delete(`${id}/${part}`);
  }

  #find(name: string, id: string, part: Part): Growing | undefined {
    return this.#bytes.get(name)?.get(`${id}/${part}`);
  }

  async write(name: string, id: string, part: Part, offset: number, bytes: Uint8Array): Promise<void> {
    const parts = this.#bytes.get(name) ?? new Map<string, Growing>();
    this.#bytes.set(name, parts);
    const growing = this.#find(name, id, part) ?? new Growing();
    parts.set(`${id}/${part}`, growing);
    growing.write(offset, bytes);
  }

  async read(name: string, id: string, part: Part, offset: number, maxBytes: number): Promise<Buffer> {
    return this.#find(name, id, part)?.read(offset, maxBytes) ?? Buffer.alloc(0);
  }

  async size(name: string, id: string, part: Part): Promise<number> {
    return this.#find(name, id, part)?.size ?? 0;
  }

  usage(name: string): number {
    let total = 0;
    for (const { size } of this.#bytes.get(name)?.values() ?? []) total += size;
    return total;
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}
}

export function openMemoryStore(): Promise<Store> {
  return openLocalStore(new Memory());
}
