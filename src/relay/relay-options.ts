/** What a relay is made of; every number with its unit. */
import type { Store } from '../store/store.ts';

export interface RelayOptions {
  store: Store;
  host: string;
  /** 0 picks a free one. */
  port: number;
  /** Base URL in payloads and pasted lines; without one, the Host that the client used. */
  publicUrl?: string;
  /** Host names to answer for, beside loopback, IP addresses and the one in publicUrl. */
  allowedHosts: readonly string[];
  longPollMs: number;
  ttlMs: number;
  /** On the wire; three times as much once decoded. */
  maxBodyBytes: number;
  /** New sessions per address; null for no limit. */
  rateLimit: { count: number; perSeconds: number; burst: number } | null;
  /** Asked of whoever makes a session. */
  token?: string;
  /** Says who made and ended sessions: addresses and names, never keys. */
  auditLog: boolean;
  version: string;
  /** One line for whoever runs the relay. Never holds a key or a command's text. */
  log: (line: string) => void;
}
