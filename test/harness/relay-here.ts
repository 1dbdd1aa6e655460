import * as limits from '../../src/protocol/limits.ts';
import { createRelay } from '../../src/relay/create-relay.ts';
import type { RelayOptions } from '../../src/relay/relay-options.ts';
import { dueAt } from '../../src/session/apply-transition.ts';
import { openMemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';

export type RelayHere = {
  url: string;
  port: number;
  /** Lines of the audit log without `audit: ` and the time. */
  audit: () => string[];
  close: () => Promise<void>;
};

type HereOptions = Partial<Pick<RelayOptions, 'port' | 'ttlMs' | 'longPollMs'>>;

export const defaultTtlMs = limits.defaultTtlSeconds * 1000;

/** Starts a relay in the process of the test, on a store of the test. `close` closes the store too. */
export async function startRelayHere(store: Store, given: HereOptions = {}): Promise<RelayHere> {
  const lines: string[] = [];
  const relay = createRelay({
    store,
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    trustedProxies: { hops: 0 },
    longPollMs: limits.defaultLongPollMs,
    ttlMs: defaultTtlMs,
    maxBodyBytes: limits.defaultMaxBodyBytes,
    rateLimit: null,
    heldPolls: {
      total: limits.defaultHeldPolls,
      perAddress: limits.defaultAddressPolls,
      perSession: limits.defaultSessionPolls,
    },
    quotas: {
      sessionsPerAddress: limits.defaultAddressSessions,
      bytesPerSession: limits.defaultSessionQuotaBytes,
      bytesPerAddress: limits.defaultAddressQuotaBytes,
    },
    auditLog: 'events',
    version: '0.0.0',
    log: () => undefined,
    record: (line) => void lines.push(line.replace(/^audit: \S+ /, '')),
    ...given,
  });
  const url = await relay.listen();
  return { url, port: Number(new URL(url).port), audit: () => [...lines], close: () => relay.close() };
}

/** A memory store with timers for sessions with this lifetime. */
export function openStoreHere(ttlMs = defaultTtlMs): Promise<Store> {
  return openMemoryStore((session, clock) => dueAt(session, clock, ttlMs));
}

/** The same store with some methods replaced by the test. */
export function overlayStore(inner: Store, own: Partial<Store>): Store {
  return new Proxy(inner, {
    get: (target, name) => {
      const method = own[name as keyof Store] ?? target[name as keyof Store];
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}

/** Shares a store between several relays: if one of them closes it, it stays open for the others, and its timers fire at each relay. */
export function shareStore(inner: Store): { take: () => Store } {
  const rings = new Set<(name: string) => Promise<void>>();
  inner.onDue(async (name) => {
    await Promise.all([...rings].map((ring) => ring(name)));
  });
  return {
    take: () => {
      let own: ((name: string) => Promise<void>) | undefined;
      return overlayStore(inner, {
        onDue: (ring) => {
          own = ring;
          rings.add(ring);
        },
        close: async () => {
          if (own) rings.delete(own);
        },
      });
    },
  };
}
