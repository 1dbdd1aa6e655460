/** The options of a relay. */
import type { Store } from '../store/store.ts';

export interface RelayOptions {
  store: Store;
  host: string;
  /** 0 picks a free port. */
  port: number;
  /** Instead of host and port: a unix socket with its permissions, or a socket that this process was started with. */
  listen?: { path: string; mode: number } | { fd: number };
  /** Base URL in payloads and lines to paste; without it, the Host that the client sent. */
  publicUrl?: string;
  /** Allowed host names in addition to loopback, IP addresses and the host of publicUrl. */
  allowedHosts: readonly string[];
  /**
   * Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` the relay trusts: the last `hops` ones, or those in these
   * networks.
   */
  trustedProxies:
    | { hops: number }
    | { networks: readonly { address: string; prefix: number; family: 'ipv4' | 'ipv6' }[] };
  /** PEM files, reloaded when they change; without them the relay serves plain HTTP. */
  tls?: { certPath: string; keyPath: string };
  longPollMs: number;
  ttlMs: number;
  /** Limit on the wire; a decoded body may have three times as many bytes. */
  maxBodyBytes: number;
  /** New sessions per address; null for no limit. */
  rateLimit: { count: number; perSeconds: number; burst: number } | null;
  /** Long polls that the relay holds at once: beyond a limit, it answers the oldest one that counts towards that limit. */
  heldPolls: { total: number; perAddress: number; perSession: number };
  /** Limits of stored data: sessions, and bytes of scripts, input and output. */
  quotas: { sessionsPerAddress: number; bytesPerSession: number; bytesPerAddress: number };
  /** A client needs this token to create a session. */
  token?: string;
  /** `events` logs each change with its time and address, never a key; `text` also logs the scripts. */
  auditLog: 'off' | 'events' | 'text';
  /** Logs one line for each request. */
  accessLog?: 'text' | 'json';
  /** The address of the metrics endpoint for Prometheus; port 0 picks a free port. */
  metrics?: { host: string; port: number };
  version: string;
  /** Logs one line for the operator of the relay. The line never contains a key or a script. */
  log: (line: string) => void;
  /** Writes a line of the audit or access log: printable ASCII, and its parts by name for JSON logs. */
  record: (line: string, parts: Record<string, unknown>) => void;
}
