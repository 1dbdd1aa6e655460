/** What a relay is made of; every number with its unit. */
import type { Store } from '../store/store.ts';

export interface RelayOptions {
  store: Store;
  host: string;
  /** 0 picks a free one. */
  port: number;
  /** Instead of host and port: a unix socket with its permissions, or a socket that this process was started with. */
  listen?: { path: string; mode: number } | { fd: number };
  /** Base URL in payloads and pasted lines; without one, the Host that the client used. */
  publicUrl?: string;
  /** Host names to answer for, beside loopback, IP addresses and the one in publicUrl. */
  allowedHosts: readonly string[];
  /** Whose `X-Forwarded-For`, `-Proto` and `-Host` are believed: the last `hops` proxies, or those in these networks. */
  trustedProxies:
    | { hops: number }
    | { networks: readonly { address: string; prefix: number; family: 'ipv4' | 'ipv6' }[] };
  /** PEM files, read again when they change; without them the relay speaks plain HTTP. */
  tls?: { certPath: string; keyPath: string };
  longPollMs: number;
  ttlMs: number;
  /** On the wire; three times as much once decoded. */
  maxBodyBytes: number;
  /** New sessions per address; null for no limit. */
  rateLimit: { count: number; perSeconds: number; burst: number } | null;
  /** Requests that are held at once: beyond it the oldest one of that kind is answered. */
  heldPolls: { total: number; perAddress: number; perSession: number };
  /** What may be kept at once: sessions, and bytes of scripts, input and output. */
  quotas: { sessionsPerAddress: number; bytesPerSession: number; bytesPerAddress: number };
  /** Asked of whoever makes a session. */
  token?: string;
  /** Says who did what and when, never with a key; `text` says what was run as well. */
  auditLog: 'off' | 'events' | 'text';
  /** One line for each request. */
  accessLog?: 'text' | 'json';
  /** Where Prometheus reads; port 0 picks a free one. */
  metrics?: { host: string; port: number };
  version: string;
  /** One line for whoever runs the relay. Never holds a key or a command's text. */
  log: (line: string) => void;
  /** A line of the audit or access log: printable ASCII, and its parts by name for whoever reads JSON. */
  record: (line: string, parts: Record<string, unknown>) => void;
}
