/** What handlers work with. */
import type { Admitted } from './exchange.ts';
import type { Presence } from './presence.ts';
import type { RateLimit } from './rate-limit.ts';
import type { RelayOptions } from './relay-options.ts';
import type { Sessions } from './sessions.ts';

export interface RelayContext {
  readonly options: RelayOptions;
  readonly sessions: Sessions;
  readonly presence: Presence;
  readonly rateLimit: RateLimit;
  /** Results that are on their way to a reader of the slot: `name id`. */
  readonly slotReads: Set<string>;
  /** Base URL of where the server listens: its scheme, and the address that it is bound to. */
  readonly local: () => string;
  /** From the first word of the end on: what was begun is finished, and nothing new is begun. */
  readonly isDraining: () => boolean;
}

export type Handler = (admitted: Admitted, relay: RelayContext) => Promise<unknown>;
