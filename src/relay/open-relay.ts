/** A relay on a store that is named by its URL: those who start relays know URLs, not stores. */
import { FolderTaken } from '../store/claim-folder.ts';
import { openStore } from '../store/open-store.ts';
import { createRelay, type Relay } from './create-relay.ts';
import type { RelayOptions } from './relay-options.ts';

export class StoreUnusable extends Error {
  /** Another relay has it. */
  readonly isTaken: boolean;

  constructor(cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    // The system's own text repeats paths and calls.
    super(code === '' && cause instanceof Error ? cause.message : `it cannot be used${code}`, { cause });
    this.isTaken = cause instanceof FolderTaken;
  }
}

/** `storeUrl`: `memory:` or `file:DIR`. Throws StoreUnusable, with why, when it cannot be opened. */
export async function openRelay({
  storeUrl,
  durability,
  ...options
}: Omit<RelayOptions, 'store'> & { storeUrl: string; durability: 'process' | 'power' }): Promise<Relay> {
  try {
    const store = await openStore(storeUrl, options.log, durability);
    return createRelay({ ...options, store });
  } catch (error) {
    throw new StoreUnusable(error);
  }
}
