/** Keeps nothing beyond the process. */
import { type Medium, openLocalStore } from './local-store.ts';
import type { Part, Store } from './store.ts';

class Memory implements Medium {
  /** By session, then by `id/part`. */
  readonly #bytes = new Map<string, Map<string, Buffer>>();

  async load(): Promise<[]> {
    return [];
  }

  async save(): Promise<void> {}

  async removeSession(name: string): Promise<void> {
    this.#bytes.delete(name);
  }

  async removeCommand(name: string, id: string): Promise<void> {
    const parts = this.#bytes.get(name);
    for (const part of ['script', 'stdin', 'stdout', 'stderr']) parts?.delete(`${id}/${part}`);
  }

  #find(name: string, id: string, part: Part): Buffer {
    return this.#bytes.get(name)?.get(`${id}/${part}`) ?? Buffer.alloc(0);
  }

  async write(name: string, id: string, part: Part, offset: number, bytes: Uint8Array): Promise<void> {
    const parts = this.#bytes.get(name) ?? new Map<string, Buffer>();
    this.#bytes.set(name, parts);
    parts.set(`${id}/${part}`, Buffer.concat([this.#find(name, id, part).subarray(0, offset), bytes]));
  }

  async read(name: string, id: string, part: Part, offset: number, maxBytes: number): Promise<Buffer> {
    return this.#find(name, id, part).subarray(offset, offset + maxBytes);
  }

  async size(name: string, id: string, part: Part): Promise<number> {
    return this.#find(name, id, part).byteLength;
  }

  async close(): Promise<void> {}
}

export function openMemoryStore(): Promise<Store> {
  return openLocalStore(new Memory());
}
