/** Opens the store and the certificate, and creates a relay with them. */
import { hideStoreSecrets } from '../protocol/mask-store-url.ts';
import { dueAt } from '../session/apply-transition.ts';
import { FolderTaken } from '../store/claim-folder.ts';
import { describeCode, errorCode } from '../store/error-code.ts';
import { openStore } from '../store/open-store.ts';
import { isRedisUrl } from '../store/redis-url.ts';
import type { StoreDurability } from '../store/store.ts';
import { createRelay } from './create-relay.ts';
import type { Relay } from './relay.ts';
import type { RelayOptions } from './relay-options.ts';
import { Certificate, TlsUnusable } from './tls.ts';

export { TlsUnusable };

export class StoreUnusable extends Error {
  /** Another relay is using the store. */
  readonly isTaken: boolean;

  constructor(cause: unknown, storeUrl: string) {
    const code = errorCode(cause);
    // The error text of the system would repeat paths and system calls.
    const call = cause instanceof Error && 'syscall' in cause ? cause.syscall : undefined;
    const what = call === 'mkdir' ? 'the folder cannot be created' : 'it cannot be used';
    const words =
      code === undefined && cause instanceof Error
        ? cause.message
        : `${what}: ${describeCode(code ?? 'unknown')}`;
    super(hideStoreSecrets(words, storeUrl), { cause });
    this.isTaken = cause instanceof FolderTaken;
  }
}

/** Checks that the store supports the durability: a store on this machine has no replica to wait for. */
function chooseDurability(durability: StoreDurability, storeUrl: string): StoreDurability {
  if (durability !== 'replica' || isRedisUrl(storeUrl)) return durability;
  throw new StoreUnusable(new Error('it has no replica: use --durability process or power'), storeUrl);
}

/** `storeUrl`: `memory:`, `file:DIR` or a Redis URL. Throws StoreUnusable or TlsUnusable, with the reason. */
export async function openRelay({
  storeUrl,
  durability,
  ...options
}: Omit<RelayOptions, 'store'> & { storeUrl: string; durability: StoreDurability }): Promise<Relay> {
  const { tls, log } = options;
  const certificate = tls && (await Certificate.open(tls, log));
  try {
    const store = await openStore(storeUrl, {
      warn: (text) => log(hideStoreSecrets(text, storeUrl)),
      durability: chooseDurability(durability, storeUrl),
      dueAt: (session, clock) => dueAt(session, clock, options.ttlMs),
    });
    return createRelay({ ...options, store }, certificate);
  } catch (error) {
    throw error instanceof StoreUnusable ? error : new StoreUnusable(error, storeUrl);
  }
}
