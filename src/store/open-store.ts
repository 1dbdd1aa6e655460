/** Opens the store that a store URL names. */
import { openFileStore } from './file-store.ts';
import { openMemoryStore } from './memory-store.ts';
import { isRedisUrl } from './redis-url.ts';
import type { Store, StoreOptions } from './store.ts';

/** `memory:`, `file:DIR`, or the URL of a Redis, see parseRedisUrl(). Throws an Error for any other URL, or if the store cannot be used. */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
  if (url === 'memory:' || url === 'memory') return openMemoryStore(options.dueAt);
  if (url.startsWith('file:') && url.length > 'file:'.length) {
    return openFileStore(url.slice('file:'.length).replace(/^\/\/(?=\/)/, ''), options);
  }
  // Loaded only when used: it is as large as the rest of the relay.
  if (isRedisUrl(url)) return (await import('./redis-store.ts')).openRedisStore(url, options);
  throw new Error(`no such store: ${url}`);
}
