/** A relay on a store that is named by its URL: those who start relays know URLs, not stores. */
import { dueAt } from '../session/apply-transition.ts';
import { FolderTaken } from '../store/claim-folder.ts';
import { openStore } from '../store/open-store.ts';
import { createRelay, type Relay } from './create-relay.ts';
import type { RelayOptions } from './relay-options.ts';
import { Certificate, TlsUnusable } from './tls.ts';

export { TlsUnusable };

export class StoreUnusable extends Error {
  /** Another relay has it. */
  readonly isTaken: boolean;

  constructor(cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    // The system's own text repeats paths and calls.
    const call = cause instanceof Error && 'syscall' in cause ? cause.syscall : undefined;
    const what = call === 'mkdir' ? 'the folder cannot be created' : 'it cannot be used';
    super(code === '' && cause instanceof Error ? cause.message : `${what}${code}`, { cause });
    this.isTaken = cause instanceof FolderTaken;
  }
}

/** `storeUrl`: `memory:` or `file:DIR`. Throws StoreUnusable or TlsUnusable, with why, when it or the certificate cannot be opened. */
export async function openRelay({
  storeUrl,
  durability,
  ...options
}: Omit<RelayOptions, 'store'> & { storeUrl: string; durability: 'process' | 'power' }): Promise<Relay> {
  const { tls, log } = options;
  const certificate = tls && (await Certificate.open(tls, log));
  try {
    const store = await openStore(storeUrl, {
      warn: log,
      durability,
      dueAt: (session, clock) => dueAt(session, clock, options.ttlMs),
    });
    return createRelay({ ...options, store }, certificate);
  } catch (error) {
    throw new StoreUnusable(error);
  }
}
