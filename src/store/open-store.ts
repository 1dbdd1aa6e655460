/** From a store URL to a store. */
import { openFileStore } from './file-store.ts';
import { openMemoryStore } from './memory-store.ts';
import type { Store, StoreOptions } from './store.ts';

/** `memory:` or `file:DIR`. Throws an Error for any other URL, or when the place cannot be used. */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
  if (url === 'memory:' || url === 'memory') return openMemoryStore(options.dueAt);
  if (url.startsWith('file:') && url.length > 'file:'.length) {
    return openFileStore(url.slice('file:'.length).replace(/^\/\/(?=\/)/, ''), options);
  }
  throw new Error(`no such store: ${url}`);
}
