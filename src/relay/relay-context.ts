/** What handlers work with. */
import type { Admitted } from './exchange.ts';
import type { KnownKeys } from './known-keys.ts';
import type { LongPolls } from './long-polls.ts';
import type { NextAnswers } from './next-answers.ts';
import type { OuterAddresses } from './outer-address.ts';
import type { Presence } from './presence.ts';
import type { RelayOptions } from './relay-options.ts';
import type { Sessions } from './sessions.ts';

export interface RelayContext {
  readonly options: RelayOptions;
  readonly sessions: Sessions;
  readonly keys: KnownKeys;
  readonly polls: LongPolls;
  readonly presence: Presence;
  readonly outerAddresses: OuterAddresses;
  readonly nextAnswers: NextAnswers;
  /** Base URL of where the server listens: its scheme, and the address that it is bound to. */
  readonly local: () => string;
  /** From the start of the shutdown on: requests under way are finished, and nothing new is begun. */
  readonly isDraining: () => boolean;
}

export type Handler = (admitted: Admitted, relay: RelayContext) => Promise<unknown>;
