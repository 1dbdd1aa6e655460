/** The memory store: sessions and bytes are lost when the process ends. */
import type { Command } from '../session/command.ts';
import type { Part, Piece, Session } from '../session/session.ts';
import { type Medium, openLocalStore } from './local-store.ts';
import type { DueAt, Store } from './store.ts';

/** A buffer that doubles when it is full, so that many small appends copy each byte only a few times. */
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

  async load(): Promise<Session[]> {
    return [];
  }

  async save(session: Session, pieces: readonly Piece[]): Promise<void> {
    for (const { id, part, offset = 0, bytes } of pieces) this.#write(session.name, id, part, offset, bytes);
  }

  async removeSession(name: string): Promise<void> {
    this.#bytes.delete(name);
  }

  async removeParts(name: string, { id }: Command, all: boolean): Promise<void> {
    const places = this.#bytes.get(name);
    for (const part of ['stdin', 'stdout', 'stderr']) places?.delete(`${id}/${part}`);
    if (all) places?.delete(`${id}/script`);
  }

  #find(name: string, id: string, part: Part): Growing | undefined {
    return this.#bytes.get(name)?.get(`${id}/${part}`);
  }

  #write(name: string, id: string, part: Part, offset: number, bytes: Uint8Array): void {
    const parts = this.#bytes.get(name) ?? new Map<string, Growing>();
    this.#bytes.set(name, parts);
    const growing = this.#find(name, id, part) ?? new Growing();
    parts.set(`${id}/${part}`, growing);
    growing.write(offset, bytes);
  }

  async read(name: string, id: string, part: Part, offset: number, maxBytes: number): Promise<Buffer> {
    return this.#find(name, id, part)?.read(offset, maxBytes) ?? Buffer.alloc(0);
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}
}

export function openMemoryStore(dueAt?: DueAt): Promise<Store> {
  return openLocalStore(new Memory(), dueAt);
}
